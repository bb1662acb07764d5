/** Patterns that are spelled in another way than what is stored, where names fold. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createBackup, listEntries, planSnapshot, StateStore } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupEvent } from '../../src/events.ts';
import { mountApfsLike } from '../file-systems/folding.ts';
import { type LimitedFileSystem, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const skip = whyNotLimited();
let folding: LimitedFileSystem;

beforeAll(async () => {
  if (skip === null) folding = await mountApfsLike();
});
afterAll(async () => {
  if (skip === null) await folding.unmount();
});

function fill(root: string): string {
  for (const path of ['cache/a', 'sessions/Old/b', 'Cafe\u0301.json', 'app.LOG', 'kept']) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'x');
  }
  return root;
}

/** Files of a snapshot, and what was said of patterns. */
async function created(root: string, excludes: string[]) {
  const snapshot = room.fresh('snapshot.tar.gz');
  const notices: string[] = [];
  const onEvent = (event: BackupEvent) => event.type === 'notice' && notices.push(`${event.path}: ${event.message}`);
  await createBackup(new StateStore(root), snapshot, { excludes, onEvent });
  const paths: string[] = [];
  for await (const { path, type } of listEntries({ snapshot })) if (type === 'file') paths.push(path);
  const planned = await planSnapshot({ stateDir: root, excludes });
  expect(planned.notices.map(({ path, message }) => `${path}: ${message}`)).toEqual(notices);
  return { paths, notices };
}

const ALL = ['Cafe\u0301.json', 'app.LOG', 'cache/a', 'kept', 'sessions/Old/b'];

describe.skipIf(skip !== null)(`where names fold (${skip ?? 'FUSE'})`, () => {
  test('what a pattern names in another case is captured, with a notice', async () => {
    const root = fill(join(folding.directory, 'state'));
    const { paths, notices } = await created(root, ['/Cache/', 'Sessions/old', 'KEPT', 'kept', '*.log', 'nothing']);
    expect(paths).toEqual(ALL.filter((path) => path !== 'kept'));
    expect(notices).toEqual([
      'cache: is not excluded by "/Cache/": patterns are case-sensitive, on every file system',
      'sessions/Old: is not excluded by "Sessions/old": patterns are case-sensitive, on every file system',
    ]);
  });
});

test('nothing is said where names do not fold, or the name is there as it is', async () => {
  const root = fill(room.fresh('state'));
  const { paths, notices } = await created(root, ['Cache', 'cache', 'KEPT']);
  expect(paths).toEqual(ALL.filter((path) => path !== 'cache/a'));
  expect(notices).toEqual([]);
});
