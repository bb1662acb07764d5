import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { hasStrace } from '../../torture/faults.ts';
import { TempDir } from '../../workroom.ts';

const COMMAND = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const room = new TempDir();

test.skipIf(!hasStrace)('a file of a repository that the disk does not give takes no other with it', () => {
  const state = room.fresh('state');
  mkdirSync(state);
  execFileSync('git', ['init', '-q', state]);
  writeFileSync(join(state, 'a.json'), '{}');
  const snapshot = room.fresh('snapshot');
  const strace = ['-f', '-qq', '-o', '/dev/null', '-P', join(state, '.git/config'), '-e', 'inject=all:error=EIO'];
  const create = [process.execPath, COMMAND, 'create', snapshot, '--state-dir', state, '--json'];
  const { stdout } = spawnSync('strace', [...strace, ...create], { encoding: 'utf8' });
  const { status, statuses } = JSON.parse(stdout);
  expect({ status, statuses }).toEqual({
    status: 3,
    statuses: [{ path: '.git/config', status: 'unreadable', detail: 'EIO: i/o error' }],
  });
  const listed = execFileSync(process.execPath, [COMMAND, 'list', snapshot], { encoding: 'utf8' });
  expect(listed.split('\n')).toEqual(expect.arrayContaining(['.git/HEAD', '.git/refs/heads/']));
});
