import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createBackup,
  planRestore,
  type RestoreOptions,
  type RestorePreview,
  restoreBackup,
  StateStore,
} from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { readTree } from '../../fixtures/compare-trees.ts';
import { directory, file, symlink } from '../archives/entry.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

const lines = ({ changes }: RestorePreview) =>
  changes.map(({ kind, path, aspects }) => [kind, path, ...aspects].join(' '));
const codes = ({ refusals }: RestorePreview) => refusals.map(({ code }) => code);

beforeAll(async () => {
  buildWorkspace(workspace);
  await createBackup(new StateStore(workspace), snapshot);
});

/** A state directory with content of its own, alone in a folder. */
function state(): { folder: string; root: string } {
  const folder = room.fresh('folder');
  const root = join(folder, 'state');
  buildWorkspace(root);
  writeFileSync(join(root, 'memory/facts/coffee.json'), 'changed since');
  unlinkSync(join(root, 'memory/facts/passport.json'));
  writeFileSync(join(root, 'seeds/later.json'), '{}');
  writeFileSync(join(root, 'memory.db-wal'), 'of a database that goes');
  mkdirSync(join(root, 'backups'));
  return { folder, root };
}

test('nothing is written, not even beside the target', async () => {
  const { folder, root } = state();
  const picture = () => [...readTree(folder)].map(([path, { mtimeNs, content }]) => [path, String(mtimeNs), content]);
  const before = picture();
  for (const mode of ['create', 'replace', 'merge'] as const) await planRestore({ stateDir: root, snapshot, mode });
  expect(picture()).toEqual(before);
  const missing = join(room.path(), 'not', 'there', 'yet');
  const preview = await planRestore({ stateDir: missing, snapshot });
  expect(preview.totals).toEqual({ added: 91, removed: 0, changed: 0, unchanged: 0, kept: 0 });
  expect(preview.refusals).toEqual([]);
  expect(existsSync(room.path('not'))).toBe(false);
});

describe('what is previewed is what happens', () => {
  test('replace', async () => {
    const { root } = state();
    const preview = await planRestore({ stateDir: root, snapshot, mode: 'replace' });
    expect(lines(preview)).toEqual([
      'removed backups',
      'changed memory/facts/coffee.json content mtime',
      'added memory/facts/passport.json',
      'removed memory.db-wal',
      'removed seeds/later.json',
    ]);
    expect(preview.sections).toEqual([
      { name: 'seeds', added: 0, removed: 1, changed: 0 },
      { name: 'memory/facts', added: 1, removed: 0, changed: 1 },
    ]);
    const { restored } = await restoreBackup(new StateStore(root), snapshot, { mode: 'replace' });
    expect(preview.restored).toEqual(restored);
    expect(lines(await planRestore({ stateDir: root, snapshot, mode: 'replace' }))).toEqual([]);
  });

  test('merge of a part', async () => {
    const { root } = state();
    const options = { mode: 'merge', paths: ['memory.db'], sections: ['memory/facts'] } as const;
    const preview = await planRestore({ stateDir: root, snapshot, ...options });
    expect(lines(preview)).toEqual([
      'changed memory/facts/coffee.json content mtime',
      'added memory/facts/passport.json',
      'removed memory.db-wal',
    ]);
    const before = readTree(root).size;
    const { restored } = await restoreBackup(new StateStore(root), snapshot, options);
    expect(preview.restored).toEqual(restored);
    expect(readTree(root).size).toBe(before + 1 - 1);
    expect(existsSync(join(root, 'memory.db-wal'))).toBe(false);
    expect(existsSync(join(root, 'seeds/later.json'))).toBe(true);
  });

  test('a merge where one has a file and the other a directory', async () => {
    const { root } = state();
    const path = room.fresh('files.tar.gz');
    writeFileSync(path, buildSnapshot([directory('agents'), file('seeds', 'a file'), directory('sessions')]));
    const options = { mode: 'merge', allowEmpty: true } as const;
    const preview = await planRestore({ stateDir: root, snapshot: path, ...options });
    expect(preview.changes.find((change) => change.path === 'seeds')?.aspects).toEqual(['type']);
    expect(lines(preview)).toContain('removed seeds/later.json');
    await restoreBackup(new StateStore(root), path, options);
    expect(readFileSync(join(root, 'seeds'), 'utf8')).toBe('a file');
    expect(existsSync(join(root, 'sessions/telegram:4711.json'))).toBe(true);
  });
});

describe('refusals are named, and are those of the real run', () => {
  const previewed = async (root: string, path: string, options: RestoreOptions) => {
    const store = new StateStore(root);
    const [code] = codes(await planRestore({ stateDir: store, snapshot: path, ...options }));
    await expect(restoreBackup(store, path, options)).rejects.toMatchObject({ code });
    return code;
  };

  test('a state directory with content', async () => {
    expect(await previewed(state().root, snapshot, {})).toBe('TARGET_NOT_EMPTY');
  });

  test('links that lead out', async () => {
    const path = room.fresh('links.tar.gz');
    writeFileSync(path, buildSnapshot([symlink('out', '/etc'), directory('x'), file('x/a', 'a')]));
    const root = room.fresh('state');
    expect(await previewed(root, path, {})).toBe('EXTERNAL_LINK');
    const kept = await planRestore({ stateDir: root, snapshot: path, externalLinks: 'keep' });
    expect(kept.refusals).toEqual([]);
    expect(kept.externalLinks).toEqual([{ path: 'out', link: '/etc' }]);
    expect(kept.notices).toContainEqual({ path: 'out', message: expect.stringContaining('/etc') });
  });

  test('a snapshot of directories alone, and not one that holds files of no section', async () => {
    const path = room.fresh('hollow.tar.gz');
    writeFileSync(path, buildSnapshot([directory('sessions'), directory('x')]));
    expect(await previewed(room.fresh('state'), path, {})).toBe('SNAPSHOT_EMPTY');
    expect((await planRestore({ stateDir: room.fresh('state'), snapshot: path, allowEmpty: true })).refusals).toEqual(
      [],
    );
    const foreign = room.fresh('foreign.tar.gz');
    writeFileSync(foreign, buildSnapshot([file('notes.txt', 'a')]));
    const back = room.fresh('state');
    expect((await planRestore({ stateDir: back, snapshot: foreign })).refusals).toEqual([]);
    await restoreBackup(new StateStore(back), foreign);
    expect(readdirSync(back)).toEqual(['notes.txt']);
  });

  test('a snapshot that is not valid, or holds nothing of what is asked for, has no plan', async () => {
    const store = new StateStore(room.fresh('state'));
    await expect(planRestore({ stateDir: store, snapshot, paths: ['nowhere'] })).rejects.toMatchObject({
      code: 'ENTRY_NOT_FOUND',
    });
    await expect(planRestore({ stateDir: store, snapshot, paths: ['seeds'], mode: 'replace' })).rejects.toMatchObject({
      code: 'USAGE',
    });
    const cut = room.fresh('cut.tar.gz');
    writeFileSync(cut, readFileSync(snapshot).subarray(0, 20_000));
    await expect(planRestore({ stateDir: store, snapshot: cut })).rejects.toMatchObject({ code: 'SNAPSHOT_TRUNCATED' });
  });

  test('a process that uses it', async () => {
    const { root } = state();
    // Descendants of this process do not count: this one is left to the system by its parent.
    const pid = execFileSync('sh', ['-c', 'setsid sleep 60 >>seeds/later.json 2>&1 & echo $!'], {
      cwd: root,
      encoding: 'utf8',
    });
    try {
      expect(await previewed(root, snapshot, { mode: 'replace' })).toBe('STATE_DIR_IN_USE');
      const forced = await planRestore({ stateDir: root, snapshot, mode: 'replace', forceRunning: true });
      expect(forced.refusals).toEqual([]);
    } finally {
      process.kill(Number(pid));
    }
  });
});

test('what another machine cannot keep is said', async () => {
  const path = room.fresh('elsewhere.tar.gz');
  const source = { platform: 'darwin', hostname: 'mac', state_dir: '/Users/anna/.oxios/workspace' };
  const entries = [directory('seeds', { uid: 501, gid: 20 }), file('seeds/a.json', 'a', { uid: 501, gid: 20 })];
  const withSource = (manifest: Record<string, unknown>) => ({ ...manifest, source });
  writeFileSync(
    path,
    buildSnapshot(entries, {
      manifest: withSource,
      root: (root) => ({ ...root, manifest: withSource(root.manifest) }),
    }),
  );
  const { notices, refusals } = await planRestore({ stateDir: room.fresh('state'), snapshot: path });
  const said = notices.map(({ message }) => message).join('\n');
  expect(said).toContain('darwin');
  expect(said).toContain('/Users/anna/.oxios/workspace on mac');
  expect(said).toContain('2 entries belong to others (501:20)');
  expect(refusals).toEqual([]);
  expect(readdirSync(room.root)).not.toContain('.oxios');
  symlinkSync(workspace, room.path('link-to-workspace'));
  const home = await planRestore({ stateDir: room.path('link-to-workspace'), snapshot, mode: 'replace' });
  expect(home.notices).toEqual([]);
});
