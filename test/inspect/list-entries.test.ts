import { createReadStream, writeFileSync } from 'node:fs';
import { createBackup, type Entry, listEntries, StateStore } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { readTree } from '../../fixtures/compare-trees.ts';
import { comparePaths } from '../../src/format/path-order.ts';
import { directory, file, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

type ListedSnapshot = Parameters<typeof listEntries>[0]['snapshot'];
type Options = Omit<Parameters<typeof listEntries>[0], 'snapshot'>;

async function list(snapshot: ListedSnapshot, options: Options = {}): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of listEntries({ snapshot, ...options })) entries.push(entry);
  return entries;
}

const paths = async (snapshot: ListedSnapshot, options: Options = {}) =>
  (await list(snapshot, options)).map(({ path }) => path);

beforeAll(async () => {
  buildWorkspace(workspace);
  await createBackup(new StateStore(workspace), snapshot);
});

test('every entry is listed as it is in the state directory', async () => {
  const tree = readTree(workspace);
  tree.delete('.');
  const entries = await list(snapshot);
  expect(new Set(entries.map(({ path }) => path))).toEqual(new Set(tree.keys()));
  for (const { path, type, mode, mtime, mtimeNs, sha256, link } of entries) {
    const node = tree.get(path);
    expect(BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNs)).toBe(node?.mtimeNs);
    if (type !== 'symlink') expect(mode).toBe(node?.mode);
    if (type === 'file') expect(sha256).toBe(node?.content);
    if (type === 'symlink') expect(link).toBe(node?.content);
  }
  expect(entries.find(({ type }) => type === 'hardlink')).toMatchObject({ link: 'agents/scout/avatar.png' });
  expect(Object.keys(entries[0] ?? {})).not.toContain('headerBlocks');
});

describe('what is asked for', () => {
  test('a section is its folder and what lies in it', async () => {
    const facts = await paths(snapshot, { sections: ['memory/facts'] });
    expect(facts).toHaveLength(7);
    expect(facts.every((path) => path === 'memory/facts' || path.startsWith('memory/facts/'))).toBe(true);
  });

  test('a path means itself and what it holds, at the top only', async () => {
    expect(await paths(snapshot, { paths: ['sessions'] })).not.toContain('memory/sessions');
    expect(await paths(snapshot, { paths: ['./memory.db', '/seeds/welcome.md'] })).toEqual([
      'memory.db',
      'seeds/welcome.md',
    ]);
  });

  test('a pattern with wildcards follows the rules of gitignore', async () => {
    expect(await paths(snapshot, { paths: ['*.db'] })).toEqual(['memory.db']);
    expect(await paths(snapshot, { paths: ['sessions/telegram*'] })).toEqual(['sessions/telegram:4711.json']);
  });

  test('nothing found is an empty listing', async () => {
    expect(await paths(snapshot, { paths: ['nowhere'] })).toEqual([]);
  });

  test('a name that looks like a pattern can be asked for as it is', async () => {
    const entries = [directory('seeds'), file('seeds/[a].json'), file('seeds/a.json'), file('seeds/b*.md')];
    const path = room.fresh('names.tar.gz');
    writeFileSync(path, buildSnapshot(entries));
    expect(await paths(path, { paths: ['seeds/[a].json'] })).toContain('seeds/[a].json');
    expect(await paths(path, { paths: ['seeds/b*.md'] })).toEqual(['seeds/b*.md']);
  });
});

describe('blocks that cannot hold it are not read', () => {
  const entries = ['a', 'b', 'c'].flatMap((name) => [directory(name), file(`${name}/1.json`), file(`${name}/2.json`)]);
  const built = (damaged: string) =>
    buildSnapshot(entries, {
      entriesPerMember: 1,
      membersPerBlock: 1,
      block: (bytes, number) => (entries[number]?.path === damaged ? Buffer.alloc(bytes.length, 1) : bytes),
    });

  test.each([
    [{ sections: ['b'] }, ['b', 'b/1.json', 'b/2.json']],
    [{ paths: ['b/2.json'] }, ['b/2.json']],
    [{ paths: ['b/1*'] }, ['b/1.json']],
    [{ prefix: 'b/' }, ['b/1.json', 'b/2.json']],
    [{ prefix: 'b/2' }, ['b/2.json']],
  ])('%j', async (options, expected) => {
    const path = room.fresh('blocks.tar.gz');
    for (const damaged of ['a/1.json', 'c/1.json']) {
      writeFileSync(path, built(damaged));
      expect(await paths(path, options)).toEqual(expected);
      await expect(paths(path)).rejects.toMatchObject({ code: 'INDEX_INVALID' });
    }
  });
});

test('what completes a path is what its beginning and no further slash has, of folders of any size', async () => {
  const names = ['a', 'a.txt', 'a0', 'b', 'ä', '\u{1f331}'];
  const entries = names.flatMap((name) => [
    directory(name),
    ...Array.from({ length: 40 }, (_, i) => file(`${name}/${i}.json`)),
    directory(`${name}/sub`),
    file(`${name}/sub/x`),
  ]);
  const sorted = entries.sort((one, other) => comparePaths(one.path, other.path));
  const path = room.fresh('completed.tar.gz');
  writeFileSync(path, buildSnapshot(sorted, { entriesPerMember: 1, membersPerBlock: 3 }));
  const all = await paths(path);
  for (const prefix of ['', 'a', 'a/', 'a/3', 'a/sub', 'a/sub/', 'a.', '\u{1f331}/1', 'none', 'a/sub/x', 'b/s']) {
    const expected = all.filter(
      (each) => each.startsWith(prefix) && each !== prefix && !each.slice(prefix.length).includes('/'),
    );
    expect(await paths(path, { prefix }), prefix).toEqual(expected);
  }
  await expect(paths(path, { prefix: 'a', paths: ['b'] })).rejects.toMatchObject({ code: 'USAGE' });
});

test('entries that no snapshot may hold end the listing', async () => {
  const path = room.fresh('unsafe.tar.gz');
  writeFileSync(path, buildSnapshot([file('../outside')]));
  await expect(paths(path)).rejects.toMatchObject({ code: 'UNSAFE_NAME' });
});

test('a foreign archive is listed in its own order, through a pipe too', async () => {
  const entries = [directory('seeds'), file('seeds/two.json'), file('seeds/one.json'), symlink('here', 'seeds')];
  const path = room.fresh('foreign.tar.gz');
  writeFileSync(path, buildForeign(entries));
  const expected = ['seeds', 'seeds/two.json', 'seeds/one.json', 'here'];
  expect(await paths(path)).toEqual(expected);
  expect(await paths(createReadStream(path))).toEqual(expected);
  expect(await paths(path, { sections: ['seeds'] })).toEqual(expected.slice(0, 3));
});

test('a listing that is given up closes the snapshot', async () => {
  for await (const entry of listEntries({ snapshot })) {
    expect(entry.path).toBe('agent_groups');
    break;
  }
});
