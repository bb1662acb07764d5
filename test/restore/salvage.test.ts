import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, type SalvageResult, StateStore, salvageSnapshot } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { directory, file, hardLink, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { flipped, type Member, membersOf, spliced } from '../damage/members.ts';
import { buildLargerTree, buildSmallTree, noise } from '../damage/small-tree.ts';
import { CaseCounter, sampleOf, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const state = room.path('state');
let sound: Buffer;
let members: Member[];
let whole: Map<string, TreeNode>;

beforeAll(async () => {
  buildLargerTree(state);
  // A state may hold other snapshots; their members stand in ours as they are.
  buildSmallTree(room.path('nested'));
  await createBackup(new StateStore(room.path('nested')), join(state, 'nested.tar.gz'));
  await createBackup(new StateStore(state), room.path('sound.tar.gz'));
  sound = fs.readFileSync(room.path('sound.tar.gz'));
  members = membersOf(sound);
  whole = readTree(state);
});

interface Salvaged {
  result: SalvageResult;
  tree: Map<string, TreeNode>;
}

async function salvage(bytes: Buffer): Promise<Salvaged> {
  const snapshot = room.fresh('damaged');
  fs.writeFileSync(snapshot, bytes);
  const folder = room.fresh('salvaged');
  const result = await salvageSnapshot({ snapshot, directory: folder });
  expect(result.directory).toBe(folder);
  return { result, tree: readTree(folder) };
}

/** Whether the state has a file there that is no other name of an earlier one. */
function isFileEntry(path: string): boolean {
  const node = whole.get(path);
  return node?.type === 'file' && node.names.split(', ')[0] === path;
}

/** Content, type and links of all that came out are those of the state; what did not is named, or counted. */
function expectValid({ result, tree }: Salvaged): void {
  for (const [path, node] of tree) {
    const original = whole.get(path);
    expect(original, path).toBeDefined();
    expect({ path, type: node.type, content: node.content }).toEqual({
      path,
      type: original?.type,
      content: original?.content,
    });
  }
  const named = new Set(result.lost.map(({ path }) => path));
  const silent = [...whole.keys()].filter((path) => !tree.has(path) && !named.has(path));
  if (result.unnamed !== null)
    expect(result.unnamed).toBeGreaterThanOrEqual(silent.filter((path) => isFileEntry(path)).length);
  else expect(silent).toEqual([]);
  for (const { reason } of result.lost) expect(reason).not.toBe('');
  const untouched = result.lost.length === 0 && result.unverified.length === 0 && result.unnamed === 0;
  expect(result.complete).toBe(untouched);
}

const entriesMembers = () => members.filter(({ kind }) => kind === 'D');

test('of an intact snapshot everything comes out, verified, as a restore would give it', async () => {
  const { result, tree } = await salvage(sound);
  expect(result).toMatchObject({
    complete: true,
    foundBy: 'index',
    lost: [],
    unverified: [],
    unnamed: 0,
    problems: [],
  });
  const top = whole.get('.') as TreeNode;
  tree.set('.', top);
  expect(compareTrees(whole, tree)).toEqual([]);
});

test('of a damaged member the entries in it are lost and named, and no others', async () => {
  for (const { offset, length } of sampleOf(entriesMembers(), 4)) {
    const salvaged = await salvage(flipped(sound, (offset + (length >> 1)) * 8));
    expectValid(salvaged);
    const { result, tree } = salvaged;
    expect(result).toMatchObject({ foundBy: 'index', unverified: [], unnamed: 0, complete: false });
    // A folder that is lost itself is made all the same for what lies in it.
    expect(new Set([...tree.keys(), ...result.lost.map(({ path }) => path)])).toEqual(new Set(whole.keys()));
    for (const { reason } of result.lost) expect(reason).toMatch(new RegExp(`bytes ${offset} to|another name of`));
  }
});

test('hard links to a file that is lost are lost with it', async () => {
  const links = buildSnapshot(
    [
      directory('seeds'),
      file('seeds/a.json', '{}'),
      file('seeds/b.json', 'x'),
      hardLink('seeds/c.json', 'seeds/a.json'),
    ],
    { entriesPerMember: 1 },
  );
  const second = membersOf(links).filter(({ kind }) => kind === 'D')[1] as Member;
  const { result, tree } = await salvage(flipped(links, (second.offset + 30) * 8));
  expect(result.lost.map(({ path }) => path)).toEqual(['seeds/a.json', 'seeds/c.json']);
  expect(result.lost[1]?.reason).toContain('another name of "seeds/a.json"');
  expect([...tree.keys()]).toEqual(['.', 'seeds', 'seeds/b.json']);
});

test('where only the two ends are damaged, all comes out verified', async () => {
  const manifest = await salvage(flipped(sound, 8 * 300));
  expect(manifest.result).toMatchObject({ foundBy: 'index', lost: [], unverified: [], unnamed: 0, complete: true });
  const appended = await salvage(Buffer.concat([sound, Buffer.alloc(4096)]));
  expect(appended.result).toMatchObject({ foundBy: 'index', lost: [], unverified: [], complete: true });
  expect(appended.result.problems.map(({ code }) => code)).toEqual(['TRAILING_DATA']);
});

test('where bytes were put in, what is after them comes out too', async () => {
  const third = entriesMembers()[2] as Member;
  const salvaged = await salvage(spliced(sound, third.offset, third.offset, noise(777, 1)));
  expectValid(salvaged);
  expect(salvaged.result).toMatchObject({ foundBy: 'index', lost: [], unverified: [], complete: true });
});

test('without an index everything comes out that the members hold, but unverified', async () => {
  const seal = members.at(-1) as Member;
  for (const bytes of [sound.subarray(0, seal.offset), flipped(sound, (seal.offset + 60) * 8)]) {
    const salvaged = await salvage(bytes);
    expectValid(salvaged);
    const { result } = salvaged;
    expect(result).toMatchObject({ foundBy: 'members', lost: [], unnamed: 0, complete: false });
    expect(result.unverified).toHaveLength(whole.size - 1);
    expect(result.manifest?.files).toBe(result.extracted.files);
  }
});

test('of a block of the index that is damaged the entries come out, but unverified', async () => {
  const index = members.find(({ kind }) => kind === 'I') as Member;
  const salvaged = await salvage(flipped(sound, (index.offset + 60) * 8));
  expectValid(salvaged);
  expect(salvaged.result).toMatchObject({ foundBy: 'index', lost: [], unnamed: 0 });
  expect(salvaged.result.unverified).toHaveLength(whole.size - 1);
});

test('without an index a damaged member costs its own entries, and a large file that it is a piece of', async () => {
  const seal = members.at(-1) as Member;
  const cut = sound.subarray(0, seal.offset);
  for (const { offset, length } of sampleOf(entriesMembers(), 4)) {
    for (const [what, at] of [
      ['content', offset + (length >> 1)],
      ['length', offset + 18],
      ['header', offset + 3],
    ] as const) {
      const salvaged = await salvage(flipped(cut, at * 8 + 2));
      expectValid(salvaged);
      const { unnamed, lost, extracted } = salvaged.result;
      const files = [...whole.keys()].filter(isFileEntry).length;
      const lostFiles = lost.filter(({ path }) => isFileEntry(path)).length;
      expect([what, extracted.files + lostFiles + (unnamed ?? 0)]).toEqual([what, files]);
    }
  }
});

test('cut anywhere: what is before the cut comes out, and nothing that is not of the state', async (context) => {
  const counter = new CaseCounter(context, 'salvage of a snapshot cut anywhere: only what is true comes out');
  const step = Math.ceil(sound.length / (TORTURE ? 400 : 12));
  // Before that there is nothing but the beginning of a large file.
  for (let length = (entriesMembers()[5]?.offset ?? 0) + 1; length < sound.length; length += step) {
    await counter.case(`${length} bytes`, async () => expectValid(await salvage(sound.subarray(0, length))));
  }
  counter.finish();
});

test('a byte changed anywhere: nothing comes out as verified that is not of the state', async (context) => {
  const counter = new CaseCounter(context, 'salvage of a snapshot with a bit flipped: only what is true comes out');
  const step = Math.ceil((sound.length * 8) / (TORTURE ? 400 : 12)) | 1;
  for (let bit = 5; bit < sound.length * 8; bit += step) {
    await counter.case(`bit ${bit}`, async () => {
      const salvaged = await salvage(flipped(sound, bit));
      expectValid(salvaged);
    });
  }
  counter.finish();
});

describe('a foreign archive', () => {
  const entries = [
    directory('seeds'),
    ...Array.from({ length: 50 }, (_, i) => file(`seeds/${i}.json`, noise(3000, i))),
  ];

  test('that is intact comes out', async () => {
    const { result } = await salvage(buildForeign(entries));
    expect(result).toMatchObject({ foundBy: 'tar', complete: true, unverified: [], lost: [], unnamed: 0 });
    expect(result.extracted.entries).toBe(51);
  });

  test('that was cut comes out up to the cut', async () => {
    const bytes = buildForeign(entries);
    const { result, tree } = await salvage(bytes.subarray(0, bytes.length >> 1));
    expect(result).toMatchObject({ foundBy: 'tar', complete: false, unnamed: null });
    expect(result.extracted.files).toBeGreaterThan(20);
    expect(result.lost).toHaveLength(1);
    expect(result.unverified).toHaveLength(result.extracted.entries);
    expect(tree.size).toBe(result.extracted.entries + 1);
  });

  test('with entries that must not be written: they are named, the others come out', async () => {
    const { result, tree } = await salvage(
      buildForeign([
        file('../escape', 'x'),
        file('/absolute', 'x'),
        symlink('out', '/etc'),
        file('out/below', 'x'),
        symlink('up', '../..'),
        file('same', 'first'),
        file('same', 'second'),
        file('set-id', 'x', { mode: 0o4755 }),
        hardLink('hard', '/etc/passwd'),
        file('good', 'x'),
      ]),
    );
    expect(result.lost.map(({ path }) => path).sort()).toEqual(
      ['../escape', '/absolute', 'hard', 'out', 'out/below', 'same', 'set-id', 'up'].sort(),
    );
    expect([...tree.keys()].sort()).toEqual(['.', 'good', 'same']);
  });
});

test('malicious entries of a sealed snapshot are named and not written', async () => {
  const { result, tree } = await salvage(
    buildSnapshot([symlink('a', '/etc'), file('a/passwd', 'x'), file('b/../../c', 'x'), file('good', 'x')]),
  );
  expect([...tree.keys()]).toEqual(['.', 'good']);
  expect(result.lost.map(({ path }) => path).sort()).toEqual(['a', 'a/passwd', 'b/../../c']);
});

describe('the folder', () => {
  const refusal = (snapshot: Buffer, folder: string, stateDir?: string) => {
    const path = room.fresh('snapshot');
    fs.writeFileSync(path, snapshot);
    return salvageSnapshot({ snapshot: path, directory: folder, ...(stateDir === undefined ? {} : { stateDir }) }).then(
      () => null,
      (error: unknown) => error,
    );
  };

  test('that has content, is no directory, or is a state directory is refused', async () => {
    const full = room.fresh('full');
    fs.mkdirSync(full);
    fs.writeFileSync(join(full, 'mine'), 'x');
    expect(await refusal(sound, full)).toMatchObject({ code: 'TARGET_NOT_EMPTY' });
    expect(await refusal(sound, join(full, 'mine'))).toMatchObject({ code: 'TARGET_NOT_DIRECTORY' });
    expect(fs.readdirSync(full)).toEqual(['mine']);
    const stateDir = room.fresh('workspace');
    expect(await refusal(sound, stateDir, stateDir)).toMatchObject({ code: 'USAGE', kind: 'usage' });
    expect(await refusal(sound, join(stateDir, 'below'), stateDir)).toMatchObject({ code: 'USAGE', kind: 'usage' });
    expect(fs.existsSync(stateDir)).toBe(false);
  });

  test('is left as it was when nothing can be taken out', async () => {
    const empty = room.fresh('empty');
    fs.mkdirSync(empty);
    for (const bytes of [
      Buffer.alloc(0),
      noise(5000, 1),
      Buffer.from('\x1f\x8b garbage', 'latin1'),
      sound.subarray(0, 40),
    ]) {
      const missing = room.fresh('missing');
      expect(await refusal(bytes, missing)).toMatchObject({ code: 'SNAPSHOT_DAMAGED', kind: 'invalid' });
      expect(fs.existsSync(missing)).toBe(false);
      expect(await refusal(bytes, empty)).toMatchObject({ code: 'SNAPSHOT_DAMAGED' });
      expect(fs.readdirSync(empty)).toEqual([]);
    }
  });

  test('that exists and is empty is filled; what a run that was killed left in it is cleared', async () => {
    const folder = room.fresh('folder');
    const source = room.fresh('snapshot');
    fs.writeFileSync(source, sound);
    fs.mkdirSync(folder);
    const first = await salvageSnapshot({ snapshot: source, directory: folder });
    expect(fs.readdirSync(folder)).toHaveLength(fs.readdirSync(state).length);
    expect(first.complete).toBe(true);
  });
});
