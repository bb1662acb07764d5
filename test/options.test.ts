/** Every function of the API refuses what its types do not allow, before it touches anything. */
import fs from 'node:fs';
import { PassThrough } from 'node:stream';
import * as api from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from './workroom.ts';

const room = new TempDir();
fs.mkdirSync(room.path('state'));
fs.writeFileSync(room.path('state/a'), 'x');
const store = new api.StateStore(room.path('state'));
const made = room.path('s.tar.gz');
await api.createBackup(store, made);

type Call = (options: never) => Promise<unknown>;
const first = async (entries: AsyncGenerator) => entries.next();

/** Each function that takes options, with arguments that are in order. */
const CALLS: Record<string, Call> = {
  createBackup: (options) => api.createBackup(store, room.fresh(), options),
  planBackup: (options) => api.planBackup(store, options),
  restoreBackup: (options) => api.restoreBackup(new api.StateStore(room.fresh()), made, options),
  planRestore: (options) => api.planRestore(new api.StateStore(room.fresh()), made, options),
  verifySnapshot: (options) => api.verifySnapshot(made, options),
  compareWithDirectory: (options) => api.compareWithDirectory(made, store.basePath, options),
  diffSnapshots: (options) => api.diffSnapshots(made, made, options),
  listEntries: (options) => first(api.listEntries(made, options)),
  showSnapshot: (options) => api.showSnapshot(made, options),
  writeEntry: (options) => api.writeEntry(made, 'a', new PassThrough(), options),
  salvageSnapshot: (options) => api.salvageSnapshot(made, room.fresh(), options),
  listSnapshots: (options) => api.listSnapshots(room.root, options),
  verifyFolder: (options) => api.verifyFolder(room.root, options),
  pruneSnapshots: (options) => api.pruneSnapshots(room.root, { keepLast: 9 }, options),
  undoRestore: (options) => api.undoRestore(store.basePath, options),
  discardUndo: (options) => api.discardUndo(store.basePath, options),
  recoverStateDir: (options) => api.recoverStateDir(store.basePath, options),
};

/** Values that no option of that name may have. */
const WRONG: [string, unknown[]][] = [
  ['threads', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', 1025, null]],
  ['level', [0, 10, 42, Number.NaN, '5']],
  ['force', ['yes', 1, null]],
  ['excludes', ['*.log', [''], [1], {}]],
  ['oxiosVersion', ['', 3]],
  ['host', ['', 3]],
  ['createdAt', [new Date(Number.NaN), '2026-01-01', 0, new Date(8.64e15)]],
  ['sqlite', ['', 'sqlite3', true]],
  ['scratchDir', ['', 'a\0b', 7]],
  ['mode', ['merg', '', 'REPLACE', true]],
  ['allowEmpty', ['no', 0]],
  ['externalLinks', ['', 'follow']],
  ['sameOwner', ['true']],
  ['forceRunning', [1]],
  ['paths', ['a', [''], [null]]],
  ['sections', ['sessions', ['']]],
  ['checksum', ['yes']],
  ['stateDir', ['']],
  ['dryRun', ['yes', 1]],
  ['signal', [true, {}]],
  ['onEvent', ['log', {}]],
  ['output', [9, '']],
  ['unheardOf', [true]],
];

const refused = (name: string) => ({ code: 'USAGE', message: expect.stringContaining(name) });

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} refuses options that it does not know, and values that no option allows`, async () => {
    const before = fs.readdirSync(room.root).sort();
    for (const [option, values] of WRONG) {
      for (const value of values) {
        await expect(call({ [option]: value } as never), `${option}: ${String(value)}`).rejects.toMatchObject(
          refused(option),
        );
      }
    }
    for (const options of [null, 'quiet', 7, []]) {
      await expect(call(options as never), String(options)).rejects.toMatchObject(refused('options must be an object'));
    }
    expect(fs.readdirSync(room.root).sort()).toEqual(before);
  });
}

test('options that are undefined are as good as absent', async () => {
  const options = { threads: undefined, signal: undefined, onEvent: undefined } as never;
  await expect(api.verifySnapshot(made, options)).resolves.toMatchObject({ valid: true });
});

const NO_PATHS = ['', 'a\0b', undefined, null, 7, {}, ['a']];
/** Functions with one argument that should be a path. */
const ARGUMENTS: Record<string, (wrong: never) => Promise<unknown>> = {
  StateStore: async (wrong) => new api.StateStore(wrong),
  'createBackup output': (wrong) => api.createBackup(store, wrong),
  'createBackup folder': (wrong) => api.createBackup(store, { folder: wrong }),
  'createBackup store': (wrong) => api.createBackup(wrong, room.fresh()),
  'planBackup store': (wrong) => api.planBackup(wrong),
  'restoreBackup store': (wrong) => api.restoreBackup(wrong, made),
  'restoreBackup snapshot': (wrong) => api.restoreBackup(store, wrong),
  'planRestore snapshot': (wrong) => api.planRestore(store, wrong),
  'verifySnapshot snapshot': (wrong) => api.verifySnapshot(wrong),
  'compareWithDirectory snapshot': (wrong) => api.compareWithDirectory(wrong, store.basePath),
  'compareWithDirectory directory': (wrong) => api.compareWithDirectory(made, wrong),
  'diffSnapshots before': (wrong) => api.diffSnapshots(wrong, made),
  'diffSnapshots after': (wrong) => api.diffSnapshots(made, wrong),
  'listEntries snapshot': (wrong) => first(api.listEntries(wrong)),
  'showSnapshot snapshot': (wrong) => api.showSnapshot(wrong),
  'writeEntry snapshot': (wrong) => api.writeEntry(wrong, 'a', new PassThrough()),
  'writeEntry output': (wrong) => api.writeEntry(made, 'a', wrong),
  'salvageSnapshot snapshot': (wrong) => api.salvageSnapshot(wrong, room.fresh()),
  'salvageSnapshot directory': (wrong) => api.salvageSnapshot(made, wrong),
  listSnapshots: (wrong) => api.listSnapshots(wrong),
  verifyFolder: (wrong) => api.verifyFolder(wrong),
  pruneSnapshots: (wrong) => api.pruneSnapshots(wrong, { keepLast: 1 }),
  undoRestore: (wrong) => api.undoRestore(wrong),
  discardUndo: (wrong) => api.discardUndo(wrong),
  recoverStateDir: (wrong) => api.recoverStateDir(wrong),
  listPrevious: (wrong) => api.listPrevious(wrong),
};

test.each(Object.entries(ARGUMENTS))('%s must be what it is meant to be', async (_, call) => {
  for (const wrong of NO_PATHS)
    await expect(call(wrong as never), String(wrong)).rejects.toMatchObject({ code: 'USAGE' });
});

test('a category and a share are checked too', async () => {
  for (const wrong of [undefined, 7, null])
    await expect(store.listCategory(wrong as never)).rejects.toMatchObject({ code: 'USAGE' });
  const source = { hostname: 'a', stateDir: '/b' };
  for (const share of [Number.NaN, -1, 50, '0.5'])
    expect(() => api.shrinkageOf(new Map(), source, { files: 1, bytes: 1 }, share as never)).toThrow(
      'share must be a number from 0 to 1',
    );
  await expect(api.newestSnapshots('')).rejects.toMatchObject({ code: 'USAGE' });
});

test('a policy is refused for a word that is no rule, and for what is no count', async () => {
  for (const policy of [{ keepWeakly: 1 }, { keepLast: '3' }, { keepLast: Number.NaN }, { keepDaily: -1 }, null, {}]) {
    await expect(api.pruneSnapshots(room.root, policy as never)).rejects.toMatchObject({ code: 'USAGE' });
  }
});

test('the sentence names the option and what is allowed', async () => {
  await expect(api.createBackup(store, room.fresh(), { level: 42 })).rejects.toMatchObject({
    message: 'level must be a whole number from 1 to 9, not 42',
  });
  await expect(api.restoreBackup(store, made, { mode: 'merg' as never })).rejects.toMatchObject({
    message: 'mode must be "create" or "replace" or "merge", not "merg"',
  });
  await expect(api.restoreBackup(store, made, { paths: ['a', ''] })).rejects.toMatchObject({
    message: 'paths[1] must be text that is not empty, not ""',
  });
  await expect(api.restoreBackup(store, made, { replace: true } as never)).rejects.toMatchObject({
    message: 'there is no option "replace"',
    hint: expect.stringContaining('mode, allowEmpty'),
  });
});
