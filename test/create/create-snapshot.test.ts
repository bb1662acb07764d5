import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { BackupError, createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { generateTree } from '../../bench/generate.ts';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { temporaryName } from '../../src/system/temporary-names.ts';
import { membersOf } from '../damage/members.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const AT = new Date('2026-03-03T02:00:00Z');

async function expectSameBack(root: string): Promise<string> {
  const snapshot = room.fresh('snapshot');
  const made = await createBackup(new StateStore(root), snapshot, { allowEmpty: true });
  expect(made).toMatchObject({ complete: true, statuses: [] });
  expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, sealed: true, totals: made.totals });
  const back = room.fresh('back');
  const restored = await restoreBackup(new StateStore(back), snapshot, { allowEmpty: true });
  expect(restored).toMatchObject({ complete: true, sealed: true });
  expect(compareTrees(readTree(root), readTree(back))).toEqual([]);
  return snapshot;
}

test('the example workspace comes back as it was', async () => {
  buildWorkspace(room.path('example'));
  await expectSameBack(room.path('example'));
});

test('20,000 files come back as they were', async () => {
  generateTree(room.path('many'), { files: 20_000, seed: 7 });
  const snapshot = await expectSameBack(room.path('many'));
  fs.rmSync(snapshot);
});

test('gzip -dc of a snapshot is the tar that its members hold, with nothing of the index in it', async () => {
  buildWorkspace(room.path('tar'));
  fs.writeFileSync(room.path('tar/large.bin'), noise(2_500_000, 3));
  const snapshot = room.path('tar.tar.gz');
  const { totals } = await createBackup(new StateStore(room.path('tar')), snapshot);
  const bytes = fs.readFileSync(snapshot);
  const tar = createHash('sha256');
  let length = 0;
  for (const { kind, offset, length: stored } of membersOf(bytes)) {
    if (kind === 'I' || kind === 'S') continue;
    const held = inflateRawSync(bytes.subarray(offset + 21, offset + stored - 8));
    tar.update(held);
    length += held.length;
  }
  const unzipped = execFileSync('gzip', ['-dc', snapshot], { maxBuffer: 2 ** 26 });
  expect(createHash('sha256').update(unzipped).digest('hex')).toBe(tar.digest('hex'));
  const manifest = unzipped.subarray(0, 512).toString('latin1', 124, 135).trim();
  expect(length).toBe(512 + Number.parseInt(manifest, 8) + totals.tarBytes + 1024);
});

test('the index has times to the nanosecond', async () => {
  const root = room.path('nanoseconds');
  fs.mkdirSync(join(root, 'seeds'), { recursive: true });
  fs.writeFileSync(join(root, 'seeds/a.json'), '{}');
  const touched = spawnSync('touch', ['-d', '@1770000000.123456789', join(root, 'seeds/a.json')]);
  if (touched.status !== 0) return;
  const snapshot = room.path('nanoseconds.tar.gz');
  await createBackup(new StateStore(root), snapshot);
  const members = membersOf(snapshot).filter(({ kind }) => kind === 'I');
  const bytes = fs.readFileSync(snapshot);
  const index = Buffer.concat(members.map(({ offset, length }) => bytes.subarray(offset + 17, offset + length - 10)));
  const columns = JSON.parse(inflateRawSync(index.subarray(4, 4 + index.readUInt32LE(0))).toString());
  expect(columns.path).toEqual(['seeds', 'seeds/a.json']);
  expect(columns.mtime[1]).toBe(1_770_000_000);
  expect(columns.mtime_ns[1]).toBe(123_456_789);
});

test('the same state at the same time gives the same bytes, whatever the number of threads', async () => {
  buildWorkspace(room.path('same'));
  fs.writeFileSync(room.path('same/large.bin'), noise(5_000_000, 4));
  const options = { createdAt: AT, oxiosVersion: '0.3.0' };
  const digests = new Set<string>();
  for (const threads of [1, 2, 3]) {
    const snapshot = room.fresh('same');
    await createBackup(new StateStore(room.path('same')), snapshot, { ...options, threads });
    digests.add(createHash('sha256').update(fs.readFileSync(snapshot)).digest('hex'));
  }
  expect(digests.size).toBe(1);
});

test('a stream gets a snapshot too, and its manifest is honoured from the index', async () => {
  const root = room.path('piped');
  buildSmallTree(root);
  const pipe = new PassThrough();
  const chunks: Buffer[] = [];
  pipe.on('data', (chunk: Buffer) => chunks.push(chunk));
  const made = await createBackup(new StateStore(root), pipe, { createdAt: AT, oxiosVersion: '0.3.0' });
  expect(made.output).toBeNull();
  const bytes = Buffer.concat(chunks);
  expect(bytes.length).toBe(made.length);
  const head = JSON.parse(
    gunzipSync(bytes)
      .toString('utf8', 512, 512 + 4096)
      .replace(/\s*\0[\s\S]*$/, '')
      .replace(/}\s*[^}]*$/, '}'),
  );
  expect(head).toMatchObject({ files: null, bytes: null, index_sha256: null, sections: made.manifest.sections });
  const checked = await verifySnapshot({ snapshot: Readable.from([bytes]) });
  expect(checked).toMatchObject({ valid: true, sealed: true, manifest: made.manifest });
  expect(checked.manifest?.files).toBe(made.totals.files);
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]));
  expect(compareTrees(readTree(root), readTree(back))).toEqual([]);
});

test('files at the edges of members come back', async () => {
  const root = room.path('edges');
  fs.mkdirSync(root);
  const MIB = 2 ** 20;
  const sizes = [0, 1, 511, 512, 513, MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 9 * MIB, 9 * MIB + 512];
  for (const [i, size] of sizes.entries()) fs.writeFileSync(join(root, `${i}-${size}.bin`), noise(size, i));
  await expectSameBack(root);
});

test('an empty state directory is refused, and a snapshot of nothing when that is wanted', async () => {
  const root = room.path('nothing');
  fs.mkdirSync(join(root, 'a directory'), { recursive: true });
  await expect(createBackup(new StateStore(root), room.fresh())).rejects.toMatchObject({ code: 'STATE_DIR_EMPTY' });
  const snapshot = await expectSameBack(root);
  await expect(restoreBackup(new StateStore(room.fresh('back')), snapshot)).rejects.toMatchObject({
    code: 'SNAPSHOT_EMPTY',
  });
});

test('directories without write permission, and deep below them, come back', async () => {
  const root = room.path('sealed-off');
  fs.mkdirSync(join(root, 'a/b/c'), { recursive: true });
  fs.writeFileSync(join(root, 'a/b/c/file'), 'x', { mode: 0o400 });
  for (const path of ['a/b/c', 'a/b', 'a']) fs.chmodSync(join(root, path), 0o555);
  await expectSameBack(root);
});

test('modes, times before 1970 and far ahead, and names of all sorts come back', async () => {
  const root = room.path('odd');
  fs.mkdirSync(join(root, 'seeds'), { recursive: true });
  const names = [
    'a:b.json',
    'back\\slash',
    'new\nline',
    'tab\tname',
    ' space ',
    '-dash',
    '~',
    '"quoted"',
    "it's",
    '$(x)',
    'C:',
    'con',
    '\u{1f331}',
    'e\u0301',
    '\u00e9',
    'n'.repeat(255),
    '語'.repeat(85),
    '.hidden',
    '...',
    '\u202e',
    'a\u00a0b',
    '\x7f',
    '*',
    'PaxHeader',
  ];
  for (const name of names) fs.writeFileSync(join(root, 'seeds', name), name);
  for (const [i, mode] of [0, 0o111, 0o222, 0o444, 0o777, 0o1644].entries()) {
    fs.writeFileSync(join(root, `mode-${i}`), '');
    fs.chmodSync(join(root, `mode-${i}`), mode);
  }
  fs.mkdirSync(join(root, 'sticky'));
  fs.chmodSync(join(root, 'sticky'), 0o3775);
  for (const [i, time] of [-1, -1.5, 0, 0.000001, 2 ** 31, 8_589_934_592, 4_000_000_000.999999].entries()) {
    fs.writeFileSync(join(root, `time-${i}`), '');
    fs.utimesSync(join(root, `time-${i}`), time, time);
  }
  await expectSameBack(root);
});

test('a path almost as long as Linux can name comes back', async () => {
  const root = room.path('deep');
  // Less what the name of the staging directory takes.
  const longest = 4095 - 60;
  let path = root;
  while (path.length + 251 < longest) path += `/${'d'.repeat(250)}`;
  fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync(`${path}/${'f'.repeat(longest - path.length - 1)}`, 'deep');
  await expectSameBack(root);
});

test('names that are not UTF-8 are named as lost, the rest is captured', async () => {
  const root = room.path('latin1');
  fs.mkdirSync(join(root, 'seeds'), { recursive: true });
  fs.writeFileSync(join(root, 'seeds/a.json'), '{}');
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/seeds/`), Buffer.from([0x66, 0xfc, 0x72])]), 'x');
  const snapshot = room.path('latin1.tar.gz');
  const made = await createBackup(new StateStore(root), snapshot);
  expect(made.complete).toBe(false);
  expect(made.statuses).toHaveLength(1);
  expect(made.totals.files).toBe(1);
  expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, statuses: made.statuses });
  expect((await restoreBackup(new StateStore(room.fresh('back')), snapshot)).complete).toBe(false);
});

test('an output that exists is kept, unless force says otherwise', async () => {
  const root = room.path('kept');
  buildSmallTree(root);
  const output = room.path('kept.tar.gz');
  fs.writeFileSync(output, 'mine');
  const refusal = await createBackup(new StateStore(root), output).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(BackupError);
  expect(refusal).toMatchObject({ code: 'OUTPUT_EXISTS', kind: 'failed' });
  expect(fs.readFileSync(output, 'utf8')).toBe('mine');
  await createBackup(new StateStore(root), output, { force: true });
  expect((await verifySnapshot({ snapshot: output })).valid).toBe(true);
});

test('an output inside the state directory does not contain itself', async () => {
  const root = room.path('inside');
  buildSmallTree(root);
  const before = readTree(root);
  const output = join(root, 'backup.tar.gz');
  const { totals } = await createBackup(new StateStore(root), output);
  expect(totals.files).toBe([...before.values()].filter(({ type }) => type === 'file').length - 1);
  const again = await createBackup(new StateStore(root), output, { force: true });
  expect(again.totals.entries).toBe(totals.entries);
});

test('the manifest names the machine, or what is given for it', async () => {
  const root = room.path('named');
  buildSmallTree(root);
  const store = new StateStore(root);
  const plain = await createBackup(store, room.fresh('plain.tar.gz'));
  expect(plain.manifest.source?.hostname).toBe(hostname());
  const named = await createBackup(store, room.fresh('named.tar.gz'), { host: 'the Mac of Anna' });
  expect(named.manifest.source?.hostname).toBe('the Mac of Anna');
  for (const host of ['', ' ', 'a\nb', '\u001b[2J', 'x'.repeat(254)]) {
    const output = room.fresh('refused.tar.gz');
    await expect(createBackup(store, output, { host })).rejects.toMatchObject({ code: 'USAGE' });
    expect(fs.existsSync(output)).toBe(false);
  }
});

test('an interrupted create leaves nothing', async () => {
  const root = room.path('interrupted');
  buildSmallTree(root);
  const folder = room.fresh('output');
  fs.mkdirSync(folder);
  const controller = new AbortController();
  const onEvent = () => controller.abort();
  await expect(
    createBackup(new StateStore(root), join(folder, 'a.tar.gz'), { signal: controller.signal, onEvent }),
  ).rejects.toMatchObject({ code: 'ABORTED', kind: 'aborted' });
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('what killed runs left is removed from beside the output, also when copies are made elsewhere', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  const left = temporaryName('snapshot').replace(`.${process.pid}.`, `.${pid}.`);
  for (const name of ['cleared', 'cleared/state', 'cleared/out', 'cleared/scratch']) fs.mkdirSync(room.path(name));
  for (const folder of ['out', 'scratch']) fs.writeFileSync(room.path(`cleared/${folder}/${left}`), 'half');
  fs.writeFileSync(room.path('cleared/state/file'), 'x');
  const scratchDir = room.path('cleared/scratch');
  await createBackup(new StateStore(room.path('cleared/state')), room.path('cleared/out/a.tar.gz'), { scratchDir });
  expect(fs.readdirSync(room.path('cleared/out'))).toEqual(['a.tar.gz']);
  expect(fs.readdirSync(scratchDir)).toEqual([]);
});
