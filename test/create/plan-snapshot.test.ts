import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type BackupError,
  type BackupEvent,
  type CreateOptions,
  type CreateOutput,
  createBackup,
  type ExcludedPath,
  type Notice,
  planSnapshot,
  StateStore,
} from 'oxios-backup';
import { describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { readTree } from '../../fixtures/compare-trees.ts';
import { journalPath } from '../../src/state-dir/commit/journal.ts';
import { bothLocations, type Location, resolveTarget } from '../../src/state-dir/location.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

test('the plan is what the snapshot then holds', async () => {
  const workspace = room.fresh('workspace');
  buildWorkspace(workspace);
  // As Oxios itself makes them.
  mkdirSync(`${workspace}/backups/old`, { recursive: true });
  const manifest = JSON.stringify({ version: 1, created_at: '2026-11-01T00:00:00Z', oxios_version: '1', sections: [] });
  writeFileSync(`${workspace}/backups/old/manifest.json`, manifest.padEnd(1000));
  symlinkSync('/etc/hostname', `${workspace}/outside`);
  const output = `${workspace}/mine.tar.gz`;
  writeFileSync(output, 'an older one');
  const store = new StateStore(workspace);
  const options = { excludes: ['*.png'] };
  const before = [...readTree(workspace)].map(([path, node]) => [path, String(node.mtimeNs)]);

  const plan = await planSnapshot({ stateDir: store, ...options, output, force: true });
  expect([...readTree(workspace)].map(([path, node]) => [path, String(node.mtimeNs)])).toEqual(before);
  expect(readdirSync(room.root).every((name) => name.startsWith('workspace'))).toBe(true);

  const made = await createBackup(store, output, { ...options, force: true });
  const { tarBytes: _, ...totals } = made.totals;
  expect(plan.totals).toEqual(totals);
  expect(plan.sections).toEqual(made.manifest.sections);
  const reasons = (rows: typeof plan.excluded) => new Map(rows.map(({ path, reason }) => [path, reason]));
  // The real run puts its own temporary files beside the output, which is in the state directory here.
  const predictable = made.excluded.filter(({ path }) => !path.startsWith('.oxios-backup-'));
  expect(reasons(plan.excluded)).toEqual(reasons(predictable));
  expect(plan.excluded).toContainEqual(expect.objectContaining({ path: 'backups', type: 'directory', size: 1000 }));
  expect(plan.excluded).toContainEqual(expect.objectContaining({ path: 'mine.tar.gz', reason: 'the snapshot itself' }));
  expect(plan.notices).toEqual([expect.objectContaining({ path: 'outside' })]);
  expect(plan.incomplete).toEqual([]);
});

test('it fails as the real run would', async () => {
  await expect(planSnapshot({ stateDir: room.fresh('nowhere') })).rejects.toMatchObject({ code: 'STATE_DIR_MISSING' });
});

/** What the dry run says and what the run then says, each in the same form; a refusal as its error. */
async function bothOf(build: (state: string) => void, options: CreateOptions = {}) {
  const state = room.fresh('state');
  mkdirSync(state);
  build(state);
  const store = new StateStore(state);
  const folder = room.fresh('folder');
  mkdirSync(folder);
  const output = join(folder, 'made.tar.gz');
  const refusal = ({ code, message, hint, path }: BackupError) => ({ refused: { code, message, hint, path } });
  const planned = await planSnapshot({ stateDir: store, ...options, output }).then((plan) => {
    const { totals, sections, excluded, incomplete, notices } = plan;
    return { totals, sections, excluded: unsized(excluded), incomplete, notices };
  }, refusal);
  expect(readdirSync(folder)).toEqual([]);
  const notices: Notice[] = [];
  const onEvent = (event: BackupEvent) => {
    if (event.type !== 'notice') return;
    const { type: _, ...notice } = event;
    notices.push(notice);
  };
  const made = await createBackup(store, output, { ...options, onEvent }).then((result) => {
    const { totals, manifest, excluded, statuses } = result;
    const { tarBytes: _, ...counted } = totals;
    return { totals: counted, sections: manifest.sections, excluded: unsized(excluded), incomplete: statuses, notices };
  }, refusal);
  return { planned, made };
}

function unsized(rows: readonly ExcludedPath[]): Omit<ExcludedPath, 'size'>[] {
  return rows.map(({ size: _, ...row }) => row);
}

const put = (state: string, name: string, content = '{}'): void => {
  mkdirSync(dirname(join(state, name)), { recursive: true });
  writeFileSync(join(state, name), content);
};

describe('what the dry run says is what the run then says', () => {
  test.each<[string, (state: string) => void, object, CreateOptions?]>([
    ['of documents', (state) => put(state, 'seeds/a.json'), { sections: [{ name: 'seeds', entry_count: 1 }] }],
    [
      'of what is excluded',
      (state) => {
        put(state, 'a');
        put(state, 'b.log');
        put(state, 'c.db-shm');
        put(state, 'c.db', '');
        execFileSync('mkfifo', [join(state, 'fifo')]);
        put(state, 'backups/old/manifest.json', '{"version":1,"created_at":"2026-11-01T00:00:00Z","sections":[]}');
      },
      { excluded: expect.arrayContaining([expect.objectContaining({ path: 'b.log', reason: expect.anything() })]) },
      { excludes: ['*.log'] },
    ],
    [
      'of links',
      (state) => {
        put(state, 'a');
        linkSync(join(state, 'a'), join(state, 'b'));
        symlinkSync('/etc/hostname', join(state, 'outside'));
      },
      { totals: expect.objectContaining({ hardLinks: 1, symlinks: 1 }), notices: [expect.anything()] },
    ],
    [
      'of set-id bits',
      (state) => {
        put(state, 'a');
        chmodSync(join(state, 'a'), 0o4755);
      },
      { notices: [expect.objectContaining({ path: 'a' })] },
    ],
    [
      'of names that other readers of tar change',
      (state) => {
        put(state, 'C:x');
        put(state, 'a\\b');
        put(state, `${'n'.repeat(120)}\nx`);
      },
      { notices: [expect.anything(), expect.anything()] },
    ],
    [
      'of a name that is not UTF-8',
      (state) => {
        put(state, 'a');
        writeFileSync(Buffer.concat([Buffer.from(`${state}/`), Buffer.from([0xff])]), 'x');
      },
      { incomplete: [expect.objectContaining({ status: 'unreadable' })] },
    ],
    [
      'of a time that no snapshot holds',
      (state) => {
        put(state, 'a');
        execFileSync('touch', ['-d', '@9000000000000', join(state, 'a')]);
      },
      {},
    ],
    [
      'of a file too large, which is refused',
      (state) => {
        put(state, 'a');
        truncateSync(join(state, 'a'), 2 ** 39 + 1);
      },
      { refused: expect.objectContaining({ code: 'LIMIT_EXCEEDED', path: 'a' }) },
    ],
    [
      'of a manifest.json of the user, which is refused',
      (state) => put(state, 'manifest.json', '{"mine":1}'),
      { refused: expect.objectContaining({ code: 'MANIFEST_NAME_TAKEN' }) },
    ],
    ['of nothing, which is refused', () => {}, { refused: expect.objectContaining({ code: 'STATE_DIR_EMPTY' }) }],
    [
      'of nothing that is allowed',
      () => {},
      { totals: { entries: 0, files: 0, directories: 0, symlinks: 0, hardLinks: 0, bytes: 0 } },
      { allowEmpty: true },
    ],
    [
      'of more patterns than a manifest holds, which is refused',
      (state) => put(state, 'a'),
      { refused: expect.objectContaining({ code: 'USAGE' }) },
      { excludes: Array.from({ length: 20_000 }, (_, i) => `${i}-${'x'.repeat(100)}`) },
    ],
    [
      'of a restore that was interrupted, which is refused',
      (state) => {
        put(state, 'a');
        const [location] = bothLocations(resolveTarget(state));
        writeFileSync(journalPath(location as Location), '{');
      },
      { refused: expect.objectContaining({ code: 'NEEDS_RECOVERY' }) },
    ],
  ])('%s', async (_, build, expected, options) => {
    const { planned, made } = await bothOf(build, options);
    expect(planned).toEqual(made);
    expect(planned).toMatchObject(expected);
  });

  test('of places where no snapshot can be put, nor does it write anything there', async () => {
    const state = room.fresh('state');
    put(state, 'a');
    const store = new StateStore(state);
    const taken = room.fresh('taken');
    writeFileSync(taken, 'mine');
    const folder = room.fresh('folder');
    mkdirSync(folder);
    const refusal = ({ code, message, hint, path }: BackupError) => ({ code, message, hint, path });
    const places: [CreateOutput, CreateOptions?][] = [
      [taken],
      [folder],
      [join(folder, 'none', 'made')],
      [join(taken, 'made')],
      [{ folder: join(folder, 'none') }],
      [{ folder: taken }],
      ['/dev/null', { force: true }],
      ['s3://bucket/made', { force: true }],
    ];
    for (const [output, options] of places) {
      const planned = await planSnapshot({ stateDir: store, ...options, output }).then(() => null, refusal);
      expect(planned).toEqual(await createBackup(store, output, options).then(() => null, refusal));
      expect(planned).not.toBeNull();
    }
    await planSnapshot({ stateDir: store, output: taken, force: true });
    await planSnapshot({ stateDir: store, output: { folder } });
    expect(readFileSync(taken, 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual([]);
  });
});
