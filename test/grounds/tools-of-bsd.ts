import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As those of BSD: what they do not know they refuse. */
const TOOLS: Record<string, string> = {
  touch: `for word; do case $word in --*) echo "touch: illegal option -- -" >&2; exit 1;; esac; done; exec /usr/bin/touch "$@"`,
  sync: '[ $# -eq 0 ] || { echo "usage: sync" >&2; exit 1; }; exec /usr/bin/sync',
  ps: `for word; do case $word in --*) echo "ps: illegal option -- -" >&2; exit 1;; esac; done; exec /usr/bin/ps "$@"`,
  tar: 'exec bsdtar "$@"',
};

/** Those by which macOS tells: they see the true /proc, where everybody else has an empty one. */
const SEEING: Record<string, string> = {
  ps: withProc('ps'),
  lsof: withProc('lsof'),
  sysctl: 'case $2 in kern.bootsessionuuid) echo 5C0A32F6-8B3C-4E0E-9D6B-0A7C1E2F3B4D;; *) exit 1;; esac',
  // Without a word it lists the mounts, as macOS writes them.
  mount: `[ $# -eq 0 ] || exec /usr/bin/mount "$@"
${withProc('mount').replace('exec ', '')} | sed 's/ type \\([^ ]*\\) (/ (\\1, /'`,
};

/** By their whole path: a command here that calls itself by its name would never end. */
function withProc(name: string): string {
  return `exec unshare -m sh -c '/usr/bin/mount -t proc none /proc && exec /usr/bin/${name} "$@"' ${name} "$@"`;
}

/**
 * Makes a folder of commands that know no GNU options, for the PATH.
 *
 * @param seeProc ps(1), lsof(8), mount(8) and sysctl(8) tell what they tell on macOS, also where /proc is empty
 */
export function makeToolsOfBsd(bin: string, { seeProc }: { seeProc: boolean }): void {
  mkdirSync(bin);
  const tools = seeProc ? { ...TOOLS, ...SEEING } : TOOLS;
  for (const [name, script] of Object.entries(tools))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
