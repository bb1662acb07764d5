/** The script for a person with a Mac: that it runs through, here and with what a Mac has beside it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { MAIN } from '../cli/command-line.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const SCRIPT = fileURLToPath(new URL('../../docs/macos-check.sh', import.meta.url));
const PAGE = readFileSync(new URL('../../docs/macos.md', import.meta.url), 'utf8');
const NAMES = [...readFileSync(SCRIPT, 'utf8').matchAll(/^check '(.+)' \w+$/gm)].map(([, name = '']) => name);

/** What a Mac answers; of what it has to do, what stands for it here. */
const MAC: Record<string, string> = {
  uname: 'echo Darwin',
  sysctl: '[ "$2" = kern.bootsessionuuid ] && echo 7E9A1C30-0B55-4D29-9F1E-7A0C2D1F8E11',
  scutil: 'echo Annas-MacBook',
  sw_vers: 'echo 26.1',
  mount: 'echo "/dev/disk3s1s1 on / (apfs, sealed, local)"; echo "map auto_home on /System/Volumes/Data/home (autofs)"',
  chflags: 'exit 0',
  plutil: 'exit 0',
  launchctl: 'exit 1',
};

function run(commands: Record<string, string>): { status: number | null; lines: string[]; stderr: string } {
  const bin = room.fresh('bin');
  const temporary = room.fresh('tmp');
  mkdirSync(bin);
  mkdirSync(temporary);
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT, `${process.execPath} ${MAIN}`], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, TMPDIR: temporary },
  });
  expect(readdirSync(temporary)).toEqual([]);
  return { status, lines: stdout.trim().split('\n'), stderr };
}

test('each of its lines is in the page', () => {
  const rows = [...PAGE.matchAll(/^\| ([^|]+) \|/gm)].map(([, name]) => name);
  expect(NAMES.length).toBeGreaterThan(15);
  expect(rows.slice(1)).toEqual(NAMES);
});

test.skipIf(process.platform === 'darwin')('elsewhere each line is skipped', () => {
  const { status, lines, stderr } = run({});
  expect({ status, lines, stderr }).toEqual({
    status: 0,
    lines: NAMES.map((name) => `skipped  ${name} (not a Mac)`),
    stderr: '',
  });
});

test.skipIf(process.platform === 'darwin')(
  'with the answers of a Mac it reads them, fails where this is none, and leaves nothing',
  () => {
    const { status, lines, stderr } = run(MAC);
    expect(stderr).toBe('');
    for (const name of [
      'the command starts: ',
      'F_FULLFSYNC: what it costs',
      'kern.bootsessionuuid: 7E9A',
      'scutil --get LocalHostName: Annas-MacBook',
      'ps -o lstart=',
      'mount: a line a volume',
      'clones through Node',
      'tar of the system',
      'a create that was killed',
    ])
      expect(lines).toContainEqual(expect.stringContaining(`pass     ${name}`));
    expect(lines).toContainEqual(expect.stringMatching(/^FAIL {5}a directory by \/\.vol/));
    expect(status).toBe(1);
  },
);
