import fs, { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type BackupEvent, type CreateOptions, createSnapshot, verifyFolder, verifySnapshot } from 'oxios-backup';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/storage/open-reader.ts';
import { openS3Storage } from '../../../src/storage/s3/s3-storage.ts';
import type { StoredObject } from '../../../src/storage/storage.ts';
import { cacheFolder } from '../../../src/system/cache-folder.ts';
import { noise } from '../../damage/small-tree.ts';
import { startWithBucket } from '../../storage/s3/bucket.ts';
import { type Fault, FaultyProxy, type Seen } from '../../storage/s3/faulty-proxy.ts';
import { type Gateway, noGateway, OWNER } from '../../storage/s3/gateway.ts';
import { DISK_FOLDER } from '../../test-folder.ts';
import { RandomTree } from './random-tree.ts';

const MIB = 2 ** 20;
const CREATED_AT = new Date('2026-03-03T02:00:00Z');
const TICK_MS = 30;

// On a disk: in memory times do not tell every write, and all is read.
const room = mkdtempSync(join(DISK_FOLDER, 'oxios-test-'));
const root = join(room, 'state');
let gateway: Gateway;
let proxy: FaultyProxy;
let number = 0;
/** The snapshot of the state as it is now. */
let withoutParent: Buffer | null = null;

/** Small files in the order of their names, and two large ones behind and between them: 47 MiB that do not compress. */
beforeAll(async () => {
  if (noGateway !== null) return;
  gateway = await startWithBucket('bucket');
  proxy = await FaultyProxy.start(gateway.port);
  Object.assign(process.env, OWNER, { XDG_CACHE_HOME: join(room, 'caches') });
  fs.mkdirSync(join(root, 'notes'), { recursive: true });
  for (let i = 0; i < 900; i++) fs.writeFileSync(join(root, `notes/${1000 + i}`), noise(24_000 + (i % 900), i));
  fs.writeFileSync(join(root, 'a.db'), noise(14 * MIB + 99, 1));
  fs.writeFileSync(join(root, 'z.bin'), noise(12 * MIB + 5, 2));
  await setTimeout(TICK_MS);
}, 60_000);

afterAll(async () => {
  await proxy?.stop();
  await gateway?.stop();
  rmSync(room, { recursive: true, force: true });
});

beforeEach(() => {
  proxy?.reset();
  if (proxy !== undefined) proxy.hold = async () => {};
});

const inBucket = (path: string): string => `s3://bucket/${path}?endpoint=${encodeURIComponent(proxy.endpoint)}`;
const copies = ({ headers }: Seen): boolean => headers['x-amz-copy-source'] !== undefined;

async function create(
  output: string | { folder: string },
  options: CreateOptions = {},
  fault: FaultyProxy['fault'] = () => null,
) {
  const events: BackupEvent[] = [];
  const onEvent = (event: BackupEvent): void => void events.push(event);
  proxy.reset();
  proxy.fault = fault;
  const all = { createdAt: CREATED_AT, oxiosVersion: '1', ...options, onEvent };
  const result = await createSnapshot({ stateDir: root, output, ...all });
  const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  proxy.fault = () => null;
  const copied = proxy.seen.filter(copies).length;
  return { ...result, notices, copied, ...proxy.traffic };
}

/** As messages have it: without the endpoint. */
function nameOf({ output }: { output: string | null }): string | undefined {
  return output?.split('?')[0];
}

async function bytesOf(snapshot: string): Promise<Buffer> {
  const reader = await openReader(snapshot);
  try {
    return Buffer.from(await reader.read(0, reader.size));
  } finally {
    await reader.close();
  }
}

/** Makes the snapshot once more without a parent, on this machine, and holds it against the other. */
async function expectSameBytes(snapshot: string | null): Promise<void> {
  if (withoutParent === null) {
    const path = join(room, 'without-parent.tar.gz');
    await create(path, { parent: null, force: true });
    withoutParent = fs.readFileSync(path);
  }
  expect((await bytesOf(snapshot as string)).equals(withoutParent)).toBe(true);
}

function rewrite(path: string, seed: number): void {
  withoutParent = null;
  const { size } = fs.statSync(join(root, path));
  fs.writeFileSync(join(root, path), noise(size, seed));
}

/** Writes over a page of a file, as a database does. */
function page(path: string, at: number): void {
  withoutParent = null;
  const fd = fs.openSync(join(root, path), 'r+');
  fs.writeSync(fd, noise(4096, at), 0, 4096, at);
  fs.closeSync(fd);
}

const answers = (status: number, code: string): Fault => ({ kind: 'answer', status, code });

describe.skipIf(noGateway !== null)(`in object storage${noGateway === null ? '' : ` (${noGateway})`}`, () => {
  let first: Awaited<ReturnType<typeof create>>;
  /** A name that nothing has yet. */
  const fresh = (): string => inBucket(`new/${number++}.tar.gz`);
  const fromFirst = (fault?: FaultyProxy['fault']) => create(fresh(), { parent: first.output as string }, fault);

  beforeAll(async () => {
    first = await create(inBucket('first/first.tar.gz'));
  });

  it('a snapshot has the bytes that it has without a parent; the store copies most of them', async () => {
    const again = await fromFirst();
    expect(again.reuse).toMatchObject({ parent: nameOf(first), damage: [] });
    expect(again.sent / first.sent).toBeLessThan(0.35);
    expect(again.received / first.sent).toBeLessThan(0.05);
    await expectSameBytes(again.output);
  });

  it('also where every file is read, for nothing is remembered of it', async () => {
    rmSync(cacheFolder() as string, { recursive: true });
    const again = await fromFirst();
    expect(again.reuse).toMatchObject({ unreadFiles: 0 });
    expect(again.sent / first.sent).toBeLessThan(0.35);
    expect(again.received / first.sent).toBeLessThan(0.05);
    await expectSameBytes(again.output);
  });

  it('all is sent, and the parent is not fetched, where the store does not copy', async () => {
    const again = await fromFirst((seen) => (copies(seen) ? answers(501, 'NotImplemented') : null));
    expect(again.reuse).toMatchObject({ parent: nameOf(first), copiedBytes: 0, damage: [] });
    expect(again.sent / first.sent).toBeGreaterThan(0.99);
    expect(again.received / first.sent).toBeLessThan(0.05);
    await expectSameBytes(again.output);
  });

  it('a copy is asked for again where the store fails in some way', async () => {
    const faults: Fault[] = [
      answers(503, 'SlowDown'),
      answers(429, 'SlowDown'),
      answers(200, 'InternalError'),
      { kind: 'reset before' },
      { kind: 'reset after' },
      { kind: 'half' },
    ];
    const asked = new Map<string, number>();
    const again = await fromFirst((seen) => {
      const times = asked.get(seen.url) ?? 0;
      if (!copies(seen) || times > 1) return null;
      asked.set(seen.url, times + 1);
      return faults[(asked.size * 2 + times) % faults.length] as Fault;
    });
    expect(asked.size).toBeGreaterThan(2);
    expect(again.sent / first.sent).toBeLessThan(0.35);
    await expectSameBytes(again.output);
  });

  it.each(['replaced', 'deleted'])('nothing is taken of a parent that is %s while it is copied', async (how) => {
    const parent = fresh();
    const folder = openS3Storage(inBucket('new'), { env: OWNER });
    const name = nameOf({ output: parent })?.split('/').at(-1) as string;
    await create(parent, { parent: first.output as string });
    let changed: Promise<void> | null = null;
    proxy.hold = async (seen) => {
      if (!copies(seen)) return;
      changed ??=
        how === 'replaced'
          ? folder.writeRecord(name, noise(47 * MIB, 9))
          : folder.look(name).then((object) => folder.remove(object as StoredObject));
      await changed;
    };
    const again = await create(fresh(), { parent });
    expect(changed).not.toBeNull();
    expect(again.reuse).toMatchObject({ copiedBytes: 0 });
    await expectSameBytes(again.output);
  });

  it('a parent is read where it is in no storage of the snapshot', async () => {
    const local = join(room, 'parent.tar.gz');
    await create(local);
    const sent = await create(fresh(), { parent: local });
    expect(sent.reuse).toMatchObject({ parent: local, damage: [] });
    expect(sent.copied).toBe(0);
    await expectSameBytes(sent.output);
    const home = await create(join(room, 'home.tar.gz'), { parent: first.output as string });
    expect(home.reuse).toMatchObject({ parent: nameOf(first) });
    await expectSameBytes(home.output);
  });

  it('the newest of a folder is the parent, unless it is known to be damaged', async () => {
    const folder = inBucket('folder');
    expect(await create({ folder })).toMatchObject({ reuse: null, copied: 0, notices: [] });
    const second = await create({ folder }, { createdAt: new Date('2026-03-04T02:00:00Z') });
    expect(second.copied).toBeGreaterThan(0);
    const third = await create({ folder }, { createdAt: new Date('2026-03-05T02:00:00Z') });
    expect(third.reuse?.parent).toBe(nameOf(second));
    const other = await create({ folder }, { host: 'elsewhere' });
    expect(other.reuse).toBeNull();
    const name = nameOf(third)?.split('/').at(-1) as string;
    const bytes = await bytesOf(third.output as string);
    bytes[20 * MIB] = (bytes[20 * MIB] as number) ^ 1;
    await openS3Storage(folder, { env: OWNER }).writeRecord(name, bytes);
    expect(await verifyFolder({ folder })).toMatchObject({ valid: false });
    const fourth = await create({ folder }, { createdAt: new Date('2026-03-06T02:00:00Z') });
    expect(fourth.reuse?.parent).toBe(nameOf(second));
  }, 60_000);

  it('there is no parent without the right to list or to read; a notice says so', async () => {
    const folder = inBucket('first');
    const refused = (isRefused: (seen: Seen) => boolean) =>
      create({ folder }, {}, (seen) => (isRefused(seen) ? answers(403, 'AccessDenied') : null));
    const blind = await refused(({ method, url }) => method === 'GET' && url.includes('list-type'));
    expect(blind).toMatchObject({ reuse: null, complete: true });
    expect(blind.notices).toEqual([expect.stringContaining('no earlier snapshot can be looked for')]);
    const unread = await refused(({ method, url }) => method === 'GET' && !url.includes('?'));
    expect(unread).toMatchObject({ reuse: null, complete: true });
  });

  it('what changed is sent', async () => {
    for (let i = 0; i < 9; i++) rewrite(`notes/${1300 + i}`, 7000 + i);
    page('a.db', 9 * MIB);
    await setTimeout(TICK_MS);
    const changed = await fromFirst();
    // Each change costs the part that it lies in, of so few.
    expect(changed.sent / first.sent).toBeLessThan(0.75);
    expect(changed.received / first.sent).toBeLessThan(0.05);
    expect(changed.copied).toBeGreaterThan(0);
    await expectSameBytes(changed.output);
    expect(await verifySnapshot({ snapshot: changed.output as string })).toMatchObject({ valid: true });
  });

  it('a large file that changes while it is copied is completed from the parent', async () => {
    await create(inBucket('changing/a.tar.gz'));
    let isCopied = false;
    proxy.hold = async (seen) => {
      if (!copies(seen) || isCopied) return;
      isCopied = true;
      rewrite('z.bin', 77);
    };
    const again = await create(fresh(), { parent: inBucket('changing/a.tar.gz') });
    expect(isCopied).toBe(true);
    expect(await verifySnapshot({ snapshot: again.output as string })).toMatchObject({ valid: true });
  });

  it.runIf(process.env.OXIOS_TORTURE === '1').each(Array.from({ length: 6 }, (_, i) => i + 1))(
    'a snapshot has the same bytes whatever changes, seed %i',
    async (seed) => {
      const tree = new RandomTree(join(room, `tree-${seed}`), seed);
      for (let i = 0; i < 5; i++) fs.writeFileSync(join(tree.root, `${i}-big`), noise((6 + i) * MIB + seed, i));
      await setTimeout(TICK_MS);
      const make = (output: string, options: CreateOptions) =>
        createSnapshot({ stateDir: tree.root, output, createdAt: CREATED_AT, oxiosVersion: '1', ...options });
      let parent = fresh();
      await make(parent, {});
      for (let step = 0; step < 4; step++) {
        const changes = Array.from({ length: tree.below(6) }, () => tree.change());
        if (tree.below(3) > 0) await setTimeout(TICK_MS);
        if (tree.below(5) === 0) rmSync(cacheFolder() as string, { recursive: true, force: true });
        const options = { parent, rescan: tree.below(4) === 0, threads: 1 + tree.below(3) };
        const output = fresh();
        await make(output, options);
        const alone = join(room, 'alone.tar.gz');
        await make(alone, { parent: null, force: true });
        const isSame = (await bytesOf(output)).equals(fs.readFileSync(alone));
        expect(isSame, JSON.stringify({ step, changes, options })).toBe(true);
        parent = output;
      }
      rmSync(tree.root, { recursive: true });
    },
    120_000,
  );
});
