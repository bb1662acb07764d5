import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupError, planRestore, restoreBackup, StateStore, undoRestore } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, type Entry, file, inOrder, symlink } from '../archives/entry.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { mountApfsLike } from '../file-systems/folding.ts';
import { type LimitedFileSystem, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const skip = whyNotLimited();
let folding: LimitedFileSystem;
let next = 0;

beforeAll(async () => {
  if (skip === null) folding = await mountApfsLike();
});
afterAll(async () => {
  if (skip === null) await folding.unmount();
});

function snapshotOf(entries: Entry[]): string {
  const path = room.fresh('snapshot.tar.gz');
  writeFileSync(path, buildSnapshot(inOrder(entries)));
  return path;
}

/** A state directory on the folding file system, filled, and a store of it. */
function stateWith(fill: (root: string) => void): { root: string; store: StateStore } {
  const root = join(folding.directory, `state-${next++}`);
  mkdirSync(root);
  fill(root);
  return { root, store: new StateStore(root) };
}

const OPTIONS = { mode: 'merge', allowEmpty: true, threads: 1 } as const;

const SPELLINGS: [string, string, string][] = [
  ['case', 'Notes.json', 'notes.json'],
  ['a decomposed letter that comes composed', 'cafe\u0301.json', 'café.json'],
  ['a composed letter that comes decomposed', 'café.json', 'cafe\u0301.json'],
  ['a letter that folds to two', 'STRASSE.json', 'straße.json'],
];

describe.skipIf(skip !== null)(`merging where names fold (${skip ?? 'FUSE'})`, () => {
  test.each(SPELLINGS)('the snapshot wins over another spelling: %s', async (_name, live, incoming) => {
    const { root, store } = stateWith((at) => {
      mkdirSync(join(at, 'seeds'));
      writeFileSync(join(at, 'seeds', live), 'old');
      writeFileSync(join(at, 'seeds/other.json'), 'other');
    });
    const path = snapshotOf([directory('seeds'), file(`seeds/${incoming}`, 'new')]);
    const { totals } = await planRestore({ stateDir: store, snapshot: path, ...OPTIONS });
    expect(totals).toMatchObject({ added: 0, removed: 0, changed: 1 });
    const inode = lstatSync(join(root, 'seeds', live)).ino;
    await restoreBackup(store, path, OPTIONS);
    expect(readdirSync(join(root, 'seeds')).sort()).toEqual([incoming, 'other.json'].sort());
    expect(readFileSync(join(root, 'seeds', incoming), 'utf8')).toBe('new');
    await undoRestore({ stateDir: root });
    expect(readdirSync(join(root, 'seeds')).sort()).toEqual([live, 'other.json'].sort());
    expect(readFileSync(join(root, 'seeds', live), 'utf8')).toBe('old');
    expect(lstatSync(join(root, 'seeds', live)).ino).toBe(inode);
  });

  test('a directory of another spelling is gone into and keeps its own', async () => {
    const { root, store } = stateWith((at) => {
      mkdirSync(join(at, 'Seeds/Deep'), { recursive: true });
      writeFileSync(join(at, 'Seeds/Deep/A.json'), 'old');
      writeFileSync(join(at, 'Seeds/mine.json'), 'mine');
    });
    const path = snapshotOf([directory('seeds'), directory('seeds/deep'), file('seeds/deep/a.json', 'new')]);
    const preview = await planRestore({ stateDir: store, snapshot: path, ...OPTIONS });
    expect(preview.changes.map(({ kind, path: at }) => `${kind} ${at}`)).toContain('changed Seeds/Deep/A.json');
    expect(preview.totals).toMatchObject({ added: 0, removed: 0 });
    await restoreBackup(store, path, OPTIONS);
    expect(readdirSync(root)).toEqual(['Seeds']);
    expect(readdirSync(join(root, 'Seeds/Deep'))).toEqual(['a.json']);
    expect(readFileSync(join(root, 'Seeds/mine.json'), 'utf8')).toBe('mine');
    await undoRestore({ stateDir: root });
    expect(readdirSync(join(root, 'Seeds/Deep'))).toEqual(['A.json']);
    expect(readFileSync(join(root, 'Seeds/Deep/A.json'), 'utf8')).toBe('old');
  });

  test('an old write-ahead log of another spelling goes with its database', async () => {
    const { root, store } = stateWith((at) => {
      writeFileSync(join(at, 'Memory.db'), 'SQLite format 3\0 old');
      writeFileSync(join(at, 'Memory.db-wal'), 'old log');
    });
    const path = snapshotOf([file('memory.db', 'SQLite format 3\0 new')]);
    expect((await planRestore({ stateDir: store, snapshot: path, ...OPTIONS })).totals).toMatchObject({
      added: 0,
      removed: 1,
      changed: 1,
    });
    await restoreBackup(store, path, OPTIONS);
    expect(readdirSync(root)).toEqual(['memory.db']);
    await undoRestore({ stateDir: root });
    expect(readdirSync(root).sort()).toEqual(['Memory.db', 'Memory.db-wal']);
  });

  test('a database comes with its log, where both have other spellings that are not ASCII', async () => {
    const DATABASE = 'SQLite format 3\0';
    const LOG = '\x37\x7f\x06\x82 ';
    const { root, store } = stateWith((at) => {
      writeFileSync(join(at, 'cafe\u0301.db'), `${DATABASE} old`);
      writeFileSync(join(at, 'cafe\u0301.db-wal'), `${LOG} old`, 'latin1');
    });
    const content = (name: string) => readFileSync(join(root, name), 'latin1').slice(-3);
    const path = snapshotOf([file('café.db', `${DATABASE} new`), file('café.db-wal', `${LOG} new`)]);
    const { totals } = await planRestore({ stateDir: store, snapshot: path, ...OPTIONS });
    expect(totals).toMatchObject({ added: 0, removed: 0, changed: 2 });
    await restoreBackup(store, path, OPTIONS);
    expect(readdirSync(root).sort()).toEqual(['café.db', 'café.db-wal']);
    expect([content('café.db'), content('café.db-wal')]).toEqual(['new', 'new']);
    const { previousState } = await undoRestore({ stateDir: root });
    expect(readdirSync(root).sort()).toEqual(['cafe\u0301.db', 'cafe\u0301.db-wal']);
    expect([content('café.db'), content('café.db-wal')]).toEqual(['old', 'old']);
    await undoRestore({ stateDir: root, to: previousState ?? '' });
    expect([content('café.db'), content('café.db-wal')]).toEqual(['new', 'new']);
  });

  test('two names that are one here are refused', async () => {
    const { root, store } = stateWith((at) => writeFileSync(join(at, 'Notes.json'), 'old'));
    const path = snapshotOf([file('notes.json'), file('NOTES.json')]);
    const error: BackupError = await restoreBackup(store, path, OPTIONS).catch((e) => e);
    expect(error.code).toBe('NAME_COLLISION');
    expect(readFileSync(join(root, 'Notes.json'), 'utf8')).toBe('old');
  });

  test('a link is not led out by a spelling that only this file system finds', async () => {
    const { root, store } = stateWith((at) => symlinkSync('x', join(at, 'link')));
    const entries = [
      directory('sub'),
      directory('sub/deep'),
      symlink('sub/deep/up', '../..'),
      symlink('x', 'SUB/DEEP/UP/../outside'),
    ];
    const error: BackupError = await restoreBackup(store, snapshotOf(entries), OPTIONS).catch((e) => e);
    expect(error).toMatchObject({ code: 'EXTERNAL_LINK', path: 'x' });
    const partly: BackupError = await restoreBackup(store, snapshotOf(entries), { ...OPTIONS, paths: ['x'] }).catch(
      (e) => e,
    );
    expect(partly).toMatchObject({ code: 'EXTERNAL_LINK', path: 'x' });
    expect(readdirSync(root)).toEqual(['link']);
  });
});
