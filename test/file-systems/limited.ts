import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TEST_FOLDER } from '../test-folder.ts';
import { unmount } from './unmount.ts';

/** Debian's, for which its packages install modules. */
const PYTHON = '/usr/bin/python3';

/** What a file system lacks. */
export interface Lacks {
  /** System calls and what they answer: `{ link: 'EPERM' }`. Known: link, symlink, chmod, chown, utimens, fsync. */
  deny?: Record<string, string>;
  /** Characters that no name may have: answered with EINVAL, as FAT does. */
  forbidden?: string;
  /** Every mode reads as 0755, and times have whole seconds. */
  modeless?: boolean;
  /** Times are multiples of so many seconds: of two, as on FAT. Default: 1. */
  clockSeconds?: number;
  /** Files grow by what is written at their end, and by nothing else, as on storage behind rclone. */
  sequential?: boolean;
  /** The first time that a file is opened it is said to be missing, as where another one is just taking its name over. */
  missingAtFirst?: boolean;
}

export interface LimitedFileSystem {
  /** Its root. */
  directory: string;
  /** From now on it answers nothing any more, as one whose server is gone. */
  stopAnswering(): void;
  unmount(): Promise<void>;
}

/** Why none can be mounted here; null if one can. */
export function whyNotLimited(): string | null {
  if (process.getuid?.() !== 0) return 'not root';
  return spawnSync(PYTHON, ['-c', 'import fuse; open("/dev/fuse").close()']).status === 0
    ? null
    : 'no FUSE (Debian: python3-fuse)';
}

/** Mounts one. */
export function mountLimited({
  deny = {},
  forbidden = '',
  modeless,
  clockSeconds = 1,
  sequential,
  missingAtFirst,
}: Lacks): Promise<LimitedFileSystem> {
  const rules = Object.entries(deny).map((rule) => rule.join(':'));
  const lacks = {
    DENY: rules.join(','),
    FORBIDDEN: forbidden,
    ...(modeless ? { MODELESS: '1' } : {}),
    CLOCK_SECONDS: String(clockSeconds),
    ...(sequential ? { SEQUENTIAL: '1' } : {}),
    ...(missingAtFirst ? { MISSING_AT_FIRST: '1' } : {}),
  };
  return mountByScript('limited.py', ['use_ino'], lacks);
}

/**
 * Mounts a folder of its own through a file system that is a script beside this file.
 *
 * @param settings variables that the script goes by
 */
export async function mountByScript(
  script: string,
  options: readonly string[],
  settings: Record<string, string>,
): Promise<LimitedFileSystem> {
  const folder = mkdtempSync(join(TEST_FOLDER, 'oxios-fuse-'));
  const [back, directory] = [join(folder, 'back'), join(folder, 'mounted')];
  mkdirSync(back);
  mkdirSync(directory);
  const path = fileURLToPath(new URL(script, import.meta.url));
  // However this process ends, it is told to, and unmounts.
  const server = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', PYTHON, path, directory, '-f', '-s', '-o', options.join(',')],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...settings, BACK: back },
    },
  );
  while (!isMounted(directory)) {
    if (server.exitCode !== null) throw new Error('the file system did not start');
    await delay(20);
  }
  let isStopped = false;
  return {
    directory,
    stopAnswering() {
      isStopped = true;
      server.kill('SIGSTOP');
    },
    async unmount() {
      // What waits for an answer holds up an orderly end.
      if (isStopped) server.kill('SIGKILL');
      unmount(directory);
      // Whoever holds it still is answered no more.
      server.kill('SIGKILL');
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isMounted(directory: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8').includes(` ${directory} `);
}

async function ended(server: ChildProcess): Promise<void> {
  while (server.exitCode === null && server.signalCode === null) await delay(20);
}
