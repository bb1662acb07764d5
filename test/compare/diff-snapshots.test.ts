import {
  appendFileSync,
  chmodSync,
  cpSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type BackupEvent, type Change, createBackup, type Difference, diffSnapshots, StateStore } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { directory, file, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

beforeAll(async () => {
  buildWorkspace(workspace);
  await createBackup(new StateStore(workspace), snapshot);
});

const lines = ({ changes }: Difference) =>
  changes.map(({ kind, path, aspects }: Change) => [kind, path, ...aspects].join(' '));

/** The workspace as it was captured, to be changed. */
function copy(): string {
  const path = room.fresh('state');
  buildWorkspace(path);
  return path;
}

/** Changes of every kind, and how they are named. */
function change(root: string): string[] {
  const at = (...names: string[]) => join(root, ...names);
  writeFileSync(at('sessions', 'new.json'), '{}');
  unlinkSync(at('memory/facts/coffee.json'));
  appendFileSync(at('memory/facts/tomatoes.json'), '\n');
  chmodSync(at('personas/scout.md'), 0o600);
  unlinkSync(at('personas/current.md'));
  symlinkSync('archivist.md', at('personas/current.md'));
  lutimesSync(at('personas/current.md'), 1_770_000_000, 1_770_000_000);
  rmSync(at('projects'), { recursive: true });
  writeFileSync(at('projects'), 'a file now');
  utimesSync(at('seeds/welcome.md'), 1_600_000_000, 1_600_000_000);
  return [
    'removed memory/facts/coffee.json',
    'changed memory/facts/tomatoes.json content mtime',
    'changed personas/current.md link mtime',
    'changed personas/scout.md mode',
    'changed projects type',
    'changed seeds/welcome.md mtime',
    'added sessions/new.json',
  ];
}

describe('against a directory', () => {
  test('as it was captured nothing differs', async () => {
    const difference = await diffSnapshots({ before: snapshot, after: workspace });
    expect(difference).toMatchObject({ same: true, changes: [], sections: [], unreadable: [] });
    expect(difference.totals.unchanged).toBe(91);
    const events: BackupEvent[] = [];
    await diffSnapshots({ before: snapshot, after: workspace, onEvent: (event) => events.push(event) });
    expect(events.at(-1)).toMatchObject({ type: 'progress', entries: 91, totalEntries: 91, estimated: true });
  });

  test('every change is named, with its section', async () => {
    const state = copy();
    const expected = change(state);
    const difference = await diffSnapshots({ before: snapshot, after: state });
    expect(lines(difference)).toEqual(expected);
    expect(difference.same).toBe(false);
    expect(difference.totals).toMatchObject({ added: 1, removed: 1, changed: 5 });
    expect(difference.sections).toEqual([
      { name: 'seeds', added: 0, removed: 0, changed: 1 },
      { name: 'memory/facts', added: 0, removed: 1, changed: 1 },
      { name: 'sessions', added: 1, removed: 0, changed: 0 },
    ]);
    expect(difference.changes.find(({ path }) => path === 'sessions/new.json')).toMatchObject({
      section: 'sessions',
      after: { type: 'file', size: 2 },
    });
  });

  test('what a snapshot would leave out is no difference, nor is the snapshot itself', async () => {
    const state = copy();
    const { atime, mtime } = statSync(state);
    mkdirSync(join(state, 'backups'));
    writeFileSync(join(state, 'backups', 'old.tar.gz'), 'x');
    writeFileSync(join(state, 'seeds', 'x.json.4711.0d9aeb6e-5d3a-4b0e-9a57-0d3b7c0f9a11.tmp'), 'x');
    utimesSync(state, atime, mtime);
    const inside = join(state, 'mine.tar.gz');
    await createBackup(new StateStore(state), inside, { excludes: ['*.png'] });
    const difference = await diffSnapshots({ before: inside, after: state });
    expect(lines(difference)).toEqual([]);
  });

  test('a file of the same size and time is looked into only when that is asked for', async () => {
    const state = copy();
    const path = join(state, 'seeds/welcome.md');
    const { mtimeMs, atimeMs, size } = statSync(path);
    writeFileSync(path, 'x'.repeat(size));
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
    const inOrder = statSync(path).mtimeMs;
    const first = room.fresh('first.tar.gz');
    const original = copy();
    utimesSync(join(original, 'seeds/welcome.md'), inOrder / 1000, inOrder / 1000);
    utimesSync(path, inOrder / 1000, inOrder / 1000);
    await createBackup(new StateStore(original), first);
    expect(lines(await diffSnapshots({ before: first, after: state }))).toEqual([]);
    expect(lines(await diffSnapshots({ before: first, after: state, checksum: true }))).toEqual([
      'changed seeds/welcome.md content',
    ]);
  });

  test.runIf(process.geteuid?.() !== 0)('what cannot be looked at is not taken for gone', async () => {
    const state = copy();
    chmodSync(join(state, 'seeds'), 0);
    const difference = await diffSnapshots({ before: snapshot, after: state });
    chmodSync(join(state, 'seeds'), 0o755);
    expect(difference.unreadable.map(({ path }) => path)).toEqual(['seeds']);
    expect(lines(difference)).toEqual([]);
    expect(difference.same).toBe(false);
  });
});

describe('between snapshots', () => {
  test('changes are the same as against the directory that the second one was made of', async () => {
    const state = copy();
    const expected = change(state);
    const second = room.fresh('second.tar.gz');
    await createBackup(new StateStore(state), second);
    expect(lines(await diffSnapshots({ before: snapshot, after: second }))).toEqual(expected);
    const sessions = await diffSnapshots({ before: snapshot, after: second, sections: ['sessions'] });
    expect(lines(sessions)).toEqual(['added sessions/new.json']);
  });

  test.each([{ sections: ['Sessions'] }, { sections: ['sessions', 'Seeds'] }, { paths: ['*.none'] }])(
    'what is on neither side is no success: %o',
    async (options) => {
      const missing = diffSnapshots({ before: snapshot, after: snapshot, ...options });
      await expect(missing).rejects.toMatchObject({ code: 'ENTRY_NOT_FOUND' });
    },
  );

  test('members are not read: the indexes say it all', async () => {
    const entries = [directory('seeds'), file('seeds/a.json'), file('seeds/b.json')];
    const [one, other] = [room.fresh('one.tar.gz'), room.fresh('other.tar.gz')];
    const broken = (member: Buffer) => Buffer.alloc(member.length);
    writeFileSync(one, buildSnapshot(entries, { member: broken }));
    writeFileSync(other, buildSnapshot([...entries.slice(0, 2), file('seeds/b.json', 'new')], { member: broken }));
    expect(lines(await diffSnapshots({ before: one, after: other }))).toEqual(['changed seeds/b.json content']);
  });

  test('owners count, and times to the microsecond', async () => {
    const [one, other] = [room.fresh('one.tar.gz'), room.fresh('other.tar.gz')];
    writeFileSync(one, buildSnapshot([file('a', 'a', { uid: 1, mtimeNs: 1 }), file('b', 'b', { mtimeNs: 1 })]));
    writeFileSync(other, buildSnapshot([file('a', 'a', { uid: 2, mtimeNs: 2 }), file('b', 'b', { mtimeNs: 2001 })]));
    expect(lines(await diffSnapshots({ before: one, after: other }))).toEqual(['changed a owner', 'changed b mtime']);
  });

  test('blocks that begin elsewhere make no difference', async () => {
    const entries = Array.from({ length: 20 }, (_, i) => file(`${String(i).padStart(2, '0')}.json`));
    const [one, other] = [room.fresh('one.tar.gz'), room.fresh('other.tar.gz')];
    writeFileSync(one, buildSnapshot(entries, { entriesPerMember: 3, membersPerBlock: 1 }));
    writeFileSync(other, buildSnapshot(entries.slice(1), { entriesPerMember: 2, membersPerBlock: 2 }));
    expect(lines(await diffSnapshots({ before: one, after: other }))).toEqual(['removed 00.json']);
  });
});

describe('a foreign archive', () => {
  const entries = [file('seeds/b.json'), file('seeds/a.json'), symlink('here', 'seeds')];

  test('is compared by content, in whole seconds, and need not name its directories', async () => {
    const [foreign, sealed] = [room.fresh('foreign.tar.gz'), room.fresh('sealed.tar.gz')];
    writeFileSync(foreign, buildForeign(entries));
    const ordered = [symlink('here', 'seeds'), directory('seeds'), file('seeds/a.json'), file('seeds/b.json')];
    writeFileSync(sealed, buildSnapshot(ordered.map((entry) => ({ ...entry, mtimeNs: 999_999_999 }))));
    expect(lines(await diffSnapshots({ before: foreign, after: sealed }))).toEqual([]);
    writeFileSync(sealed, buildSnapshot([...ordered.slice(0, 3), file('seeds/b.json', 'CONTENT OF seeds/b.json\n')]));
    expect(lines(await diffSnapshots({ before: foreign, after: sealed }))).toEqual(['changed seeds/b.json content']);
  });
});

test('a directory is compared with the patterns that the snapshot was made with', async () => {
  const state = copy();
  cpSync(join(state, 'seeds'), join(state, 'scratch'), { recursive: true });
  const path = room.fresh('excluding.tar.gz');
  await createBackup(new StateStore(state), path, { excludes: ['/scratch/'] });
  expect((await diffSnapshots({ before: path, after: state })).same).toBe(true);
});
