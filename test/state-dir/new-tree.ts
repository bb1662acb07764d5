// The two trees of these tests. The new one is written in the same order every time, so that calls can be counted.
import { chmodSync, linkSync, mkdirSync, statfsSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPOSED, DECOMPOSED, LONGEST } from '../file-systems/long-names.ts';
import { ON_OTHER_GROUND } from '../test-folder.ts';

/** On other ground names fold: there the old tree spells it in another way than the new one. */
const OLD_DATABASE = ON_OTHER_GROUND ? 'Memory.db' : 'memory.db';
/** Begins as one does. */
const OLD_LOG = Buffer.from('\x37\x7f\x06\x82 old write-ahead log', 'latin1');

export const NEW_TOP = { mode: 0o750, mtimeNs: 1_700_000_000_123_456_789n };

/** Times are whole seconds, which Node sets exactly. */
function write(root: string, path: string, content: string | Buffer, mode = 0o644): void {
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
  utimesSync(join(root, path), 1_600_000_000, 1_600_000_000);
}

/** Of FUSE, by statfs(2). */
const FUSE_TYPE = 0x65735546;

/** Whether it is one that folds, and has names of 255 characters: not so the volumes that tests mount on other ground. */
function isApfsLike(root: string): boolean {
  return ON_OTHER_GROUND && statfsSync(root).type === FUSE_TYPE;
}

export function fillNew(root: string): void {
  mkdirSync(join(root, 'sessions'));
  write(root, 'sessions/both.json', '{"from":"new"}');
  write(root, 'memory.db', 'SQLite format 3\0 new database');
  write(root, 'only-new.md', 'new', 0o600);
  if (isApfsLike(root)) write(root, `sessions/${LONGEST}`, 'new');
  utimesSync(join(root, 'sessions'), 1_600_000_001, 1_600_000_001);
}

/** What a merge brings besides: a link where a directory stands, a new directory, a file with two names where there were two files. */
export function fillBrought(root: string): void {
  fillNew(root);
  symlinkSync('elsewhere', join(root, 'assets'));
  mkdirSync(join(root, 'fresh/deep'), { recursive: true });
  write(root, 'fresh/deep/file', 'fresh');
  linkSync(join(root, 'sessions/both.json'), join(root, 'sessions/only-old.json'));
  if (isApfsLike(root)) write(root, COMPOSED, 'SQLite format 3\0 new');
  for (const path of ['fresh/deep', 'fresh', 'sessions']) utimesSync(join(root, path), 1_600_000_001, 1_600_000_001);
}

export function fillOld(root: string): void {
  mkdirSync(join(root, 'sessions'), { recursive: true });
  mkdirSync(join(root, 'assets/deep'), { recursive: true });
  write(root, 'sessions/both.json', '{"from":"old"}');
  write(root, 'sessions/only-old.json', '{"from":"old"}');
  write(root, OLD_DATABASE, 'SQLite format 3\0 old database');
  write(root, `${OLD_DATABASE}-wal`, OLD_LOG);
  if (isApfsLike(root)) {
    write(root, `sessions/${LONGEST}`, 'old');
    write(root, DECOMPOSED, 'SQLite format 3\0 old');
    write(root, `${DECOMPOSED}-wal`, OLD_LOG);
  }
  write(root, 'tasks.db', 'old tasks');
  write(root, 'tasks.db-wal', 'old tasks log');
  write(root, 'assets/deep/run.sh', '#!/bin/sh', 0o755);
  linkSync(join(root, 'assets/deep/run.sh'), join(root, 'assets/twin.sh'));
  symlinkSync('deep/run.sh', join(root, 'assets/link'));
  for (const path of ['sessions', 'assets/deep', 'assets']) utimesSync(join(root, path), 1_500_000_000, 1_500_000_000);
  chmodSync(root, 0o755);
  utimesSync(root, 1_500_000_001, 1_500_000_001);
}
