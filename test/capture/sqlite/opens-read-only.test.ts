import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { opensReadOnly } from '../../../src/capture/sqlite/opens-read-only.ts';
import { temporaryFolder } from '../collect.ts';
import { Writer } from './python-database.ts';

let folder: ReturnType<typeof temporaryFolder>;
let database: string;
beforeEach(() => {
  folder = temporaryFolder();
  database = join(folder.path, 'a.db');
});
afterEach(() => folder.remove());

// Where the kernel does not show locks, nothing in WAL mode may be opened.
test.skipIf(!existsSync('/proc/locks'))('in WAL mode, as long as a process has it open', async () => {
  const writer = await Writer.start(database, 'wal', 3);
  const copy = join(folder.path, 'b.db');
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(database + suffix, copy + suffix);
  expect(opensReadOnly(database)).toBe(true);
  expect(opensReadOnly(copy)).toBe(false);
  await writer.kill();
  expect(opensReadOnly(database)).toBe(false);
  execFileSync('rm', [`${database}-wal`, `${database}-shm`]);
  expect(opensReadOnly(database)).toBe(false);
});

test('with a rollback journal, always', async () => {
  const writer = await Writer.start(database, 'delete', 3);
  expect(opensReadOnly(database)).toBe(true);
  await writer.kill();
  expect(opensReadOnly(database)).toBe(true);
});
