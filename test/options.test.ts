/** Every function of the API refuses what its types do not allow, before it touches anything. */
import fs from 'node:fs';
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
/** Options that are wrong as a whole stay so. */
function withOptions<T extends object>(right: T, options: unknown): T {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  return isObject ? { ...right, ...options } : (options as T);
}
const first = async (entries: AsyncGenerator) => entries.next();

/** Each function that takes options, with arguments that are in order. */
const CALLS: Record<string, Call> = {
  createSnapshot: (options) => api.createSnapshot(withOptions({ stateDir: store, output: room.fresh() }, options)),
  createBackup: (options) => api.createBackup(store, room.fresh(), options),
  planSnapshot: (options) => api.planSnapshot(withOptions({ stateDir: store }, options)),
  restoreSnapshot: (options) => api.restoreSnapshot(withOptions({ stateDir: room.fresh(), snapshot: made }, options)),
  restoreBackup: (options) => api.restoreBackup(new api.StateStore(room.fresh()), made, options),
  planRestore: (options) => api.planRestore(withOptions({ stateDir: room.fresh(), snapshot: made }, options)),
  verifySnapshot: (options) => api.verifySnapshot(withOptions({ snapshot: made }, options)),
  compareWithDirectory: (options) =>
    api.compareWithDirectory(withOptions({ snapshot: made, directory: store.basePath }, options)),
  diffSnapshots: (options) => api.diffSnapshots(withOptions({ before: made, after: made }, options)),
  listEntries: (options) => first(api.listEntries(withOptions({ snapshot: made }, options))),
  showSnapshot: (options) => api.showSnapshot(withOptions({ snapshot: made }, options)),
  salvageSnapshot: (options) => api.salvageSnapshot(withOptions({ snapshot: made, directory: room.fresh() }, options)),
  listSnapshots: (options) => api.listSnapshots(withOptions({ folder: room.root }, options)),
  verifyFolder: (options) => api.verifyFolder(withOptions({ folder: room.root }, options)),
  pruneSnapshots: (options) => api.pruneSnapshots(withOptions({ folder: room.root, keepLast: 9 }, options)),
  undoRestore: (options) => api.undoRestore(withOptions({ stateDir: store.basePath }, options)),
  discardUndo: (options) => api.discardUndo(withOptions({ stateDir: store.basePath }, options)),
  recoverStateDir: (options) => api.recoverStateDir(withOptions({ stateDir: store.basePath }, options)),
};

/** Values that no option of that name may have. */
const WRONG: [string, unknown[]][] = [
  ['threads', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', 1025, null]],
  ['level', [0, 10, 42, Number.NaN, '5']],
  ['force', ['yes', 1, null]],
  ['excludes', ['*.log', [''], [1], {}]],
  ['oxiosVersion', ['', 3]],
  ['host', ['', 3]],
  ['createdAt', [new Date(Number.NaN), '2026-01-01', 0, new Date(8.64e15), new Date(-1), new Date('2300-01-01')]],
  ['sqlite', ['', 'sqlite3', true]],
  ['scratchDir', ['', 'a\0b', 7]],
  ['mode', ['merg', '', 'REPLACE', true]],
  ['allowEmpty', ['no', 0]],
  ['externalLinks', ['', 'follow']],
  ['sameOwner', ['true']],
  ['forceRunning', [1]],
  ['paths', ['a', [''], [null]]],
  ['sections', ['sessions', ['']]],
  ['prefix', [7, ['a'], null]],
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
  const options = { threads: undefined, signal: undefined, onEvent: undefined } as object;
  await expect(api.verifySnapshot({ snapshot: made, ...options })).resolves.toMatchObject({ valid: true });
});

const NO_PATHS = ['', 'a\0b', undefined, null, 7, {}, ['a']];
/** Functions with one argument that should be a path. */
const ARGUMENTS: Record<string, (wrong: never) => Promise<unknown>> = {
  StateStore: async (wrong) => new api.StateStore(wrong),
  'createSnapshot output': (wrong) => api.createSnapshot({ stateDir: store, output: wrong }),
  'createSnapshot folder': (wrong) => api.createSnapshot({ stateDir: store, output: { folder: wrong } }),
  'createSnapshot stateDir': (wrong) => api.createSnapshot({ stateDir: wrong, output: room.fresh() }),
  'createBackup output': (wrong) => api.createBackup(store, wrong),
  'createBackup store': (wrong) => api.createBackup(wrong, room.fresh()),
  'planSnapshot stateDir': (wrong) => api.planSnapshot({ stateDir: wrong }),
  'restoreSnapshot stateDir': (wrong) => api.restoreSnapshot({ stateDir: wrong, snapshot: made }),
  'restoreBackup store': (wrong) => api.restoreBackup(wrong, made),
  'restoreBackup snapshot': (wrong) => api.restoreBackup(store, wrong),
  'planRestore snapshot': (wrong) => api.planRestore({ stateDir: store, snapshot: wrong }),
  'verifySnapshot snapshot': (wrong) => api.verifySnapshot({ snapshot: wrong }),
  'compareWithDirectory snapshot': (wrong) => api.compareWithDirectory({ snapshot: wrong, directory: store.basePath }),
  'compareWithDirectory directory': (wrong) => api.compareWithDirectory({ snapshot: made, directory: wrong }),
  'diffSnapshots before': (wrong) => api.diffSnapshots({ before: wrong, after: made }),
  'diffSnapshots after': (wrong) => api.diffSnapshots({ before: made, after: wrong }),
  'listEntries snapshot': (wrong) => first(api.listEntries({ snapshot: wrong })),
  'showSnapshot snapshot': (wrong) => api.showSnapshot({ snapshot: wrong }),
  'salvageSnapshot snapshot': (wrong) => api.salvageSnapshot({ snapshot: wrong, directory: room.fresh() }),
  'salvageSnapshot directory': (wrong) => api.salvageSnapshot({ snapshot: made, directory: wrong }),
  listSnapshots: (wrong) => api.listSnapshots({ folder: wrong }),
  verifyFolder: (wrong) => api.verifyFolder({ folder: wrong }),
  pruneSnapshots: (wrong) => api.pruneSnapshots({ folder: wrong, keepLast: 1 }),
  undoRestore: (wrong) => api.undoRestore({ stateDir: wrong }),
  discardUndo: (wrong) => api.discardUndo({ stateDir: wrong }),
  recoverStateDir: (wrong) => api.recoverStateDir({ stateDir: wrong }),
  listPrevious: (wrong) => api.listPrevious({ stateDir: wrong }),
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
  await expect(api.newestSnapshots({ folder: '' })).rejects.toMatchObject({ code: 'USAGE' });
});

test('a policy is refused for a word that is no rule, and for what is no count', async () => {
  for (const policy of [{ keepWeakly: 1 }, { keepLast: '3' }, { keepLast: Number.NaN }, { keepDaily: -1 }, null, {}]) {
    await expect(api.pruneSnapshots({ folder: room.root, ...(policy as object) } as never)).rejects.toMatchObject({
      code: 'USAGE',
    });
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
