import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RangeReader } from '../../../src/storage/range-reader.ts';
import { CachedReader } from '../../../src/storage/read-ahead.ts';
import { RETRY_POLICY } from '../../../src/storage/s3/s3-client.ts';
import { openS3Storage, type S3Storage } from '../../../src/storage/s3/s3-storage.ts';
import type { SnapshotSink, StoredObject } from '../../../src/storage/storage.ts';
import { ownerClient, startWithBucket } from './bucket.ts';
import { type Fault, FaultyProxy, type Seen } from './faulty-proxy.ts';
import { type Gateway, noGateway, OWNER, STRANGER } from './gateway.ts';

const MIB = 1024 * 1024;
const RETRY = { ...RETRY_POLICY, firstPauseMs: 1, longestPauseMs: 5, answerMs: 5_000 };
const OURS = /^oxios-backup-/;
/** Two parts and a bit. */
const CONTENT = randomBytes(16 * MIB + 12_345);

const isLong = process.env.OXIOS_TORTURE === '1';
/** Objects in a listing of pages of 1,000. */
const OBJECTS = isLong ? 3000 : 1100;
const SHORT = ['answers 503', 'is cut off before it answers'];

let gateway: Gateway;
let proxy: FaultyProxy;
let folders = 0;

describe.skipIf(noGateway !== null)(`object storage${noGateway === null ? '' : ` (${noGateway})`}`, () => {
  beforeAll(async () => {
    gateway = await startWithBucket('bucket');
    proxy = await FaultyProxy.start(gateway.port);
  });

  afterAll(async () => {
    await proxy?.stop();
    await gateway?.stop();
  });

  beforeEach(() => proxy.reset());

  /** A folder of its own in the bucket. */
  function open(prefix = `folder-${folders++}`, env: Record<string, string> = OWNER): S3Storage {
    const url = `s3://bucket/${prefix}?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    return openS3Storage(url, { env, isSnapshotName: (name) => OURS.test(name), retry: RETRY });
  }

  async function store(storage: S3Storage, name: string, content: Uint8Array): Promise<void> {
    const sink = await storage.begin(name);
    try {
      await sink.write(new Uint8Array(Math.min(1000, content.length)));
      for (let at = 1000; at < content.length; at += MIB) await sink.write(content.slice(at, at + MIB));
      await sink.rewriteStart?.(content.subarray(0, 1000));
      await sink.commit();
    } finally {
      await sink.discard();
    }
  }

  async function namesIn(storage: S3Storage): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of storage.list()) names.push(name);
    return names.sort();
  }

  async function digestOf(storage: S3Storage, name: string): Promise<string> {
    const reader = await storage.open(name);
    const hash = createHash('sha256');
    for (let at = 0; at < reader.size; at += 7 * MIB)
      hash.update(await reader.read(at, Math.min(7 * MIB, reader.size - at)));
    return hash.digest('hex');
  }

  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  it('gives back the bytes that it took, the start as it was rewritten', async () => {
    const storage = open();
    await store(storage, 'oxios-backup-1.tar.gz', CONTENT);
    expect(await digestOf(storage, 'oxios-backup-1.tar.gz')).toBe(digest(CONTENT));
    const small = CONTENT.subarray(0, 5000);
    await store(storage, 'oxios-backup-2.tar.gz', small);
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(small));
    // Exactly two parts: nothing is left over for a third.
    const even = CONTENT.subarray(0, 16 * MIB);
    await store(storage, 'oxios-backup-3.tar.gz', even);
    expect(await digestOf(storage, 'oxios-backup-3.tar.gz')).toBe(digest(even));
  });

  it('holds six parts in memory, and no copies of them', async () => {
    // Past the proxy, which has memory of its own here.
    const url = `s3://bucket/memory?endpoint=${encodeURIComponent(gateway.endpoint)}`;
    const sink = await openS3Storage(url, { env: OWNER }).begin('oxios-backup-1.tar.gz');
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let written = 0; written < 160; written++) {
      await sink.write(CONTENT.subarray(written * 1000, written * 1000 + MIB));
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    await sink.commit();
    expect(most).toBeLessThan(64 * MIB);
  }, 30_000);

  it('knows credentials that are not accepted while a part is sent', async () => {
    proxy.fault = ({ url }) =>
      url.includes('partNumber=') ? { kind: 'answer', status: 401, code: 'Unauthorized' } : null;
    await expect(store(open(), 'oxios-backup-1.tar.gz', CONTENT)).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining('401 Unauthorized'),
    });
  });

  it('sends an MD5 and a SHA-256 with every part', async () => {
    await store(open(), 'oxios-backup-1.tar.gz', CONTENT);
    const parts = proxy.seen.filter(({ method, url }) => method === 'PUT' && url.includes('partNumber='));
    expect(parts).toHaveLength(3);
    for (const { headers } of parts) {
      expect(headers['content-md5']).toMatch(/^[A-Za-z0-9+/]{22}==$/);
      expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(parts.map(({ bytes }) => bytes).sort((a, b) => a - b)).toEqual([12_345, 8 * MIB, 8 * MIB]);
  });

  it.each(['plain', 'with space', 'plus+and%20percent', 'Grüße/🌱', "quote'(and)*!~", 'a'.repeat(900)])(
    'keeps odd names apart: %s',
    async (prefix) => {
      const storage = open(`odd/${prefix}`);
      for (const name of ['a b.tar.gz', 'a+b.tar.gz', 'a%20b.tar.gz', 'ä&<>".tar.gz'])
        await store(storage, name, Buffer.from(name));
      expect(await namesIn(storage)).toEqual(['a b.tar.gz', 'a%20b.tar.gz', 'a+b.tar.gz', 'ä&<>".tar.gz']);
      const reader = await storage.open('a+b.tar.gz');
      expect(Buffer.from(await reader.read(0, reader.size)).toString()).toBe('a+b.tar.gz');
    },
  );

  it('takes a key of 1,024 bytes, and says so when it has more', async () => {
    const name = 'oxios-backup-1.tar.gz';
    const prefix = `long/${'ü'.repeat(499)}`;
    expect(Buffer.byteLength(`${prefix}/${name}`)).toBe(1025);
    const storage = open(prefix.slice(1));
    await store(storage, name, CONTENT.subarray(0, 5000));
    expect(await namesIn(storage)).toEqual([name]);
    expect(await digestOf(storage, name)).toBe(digest(CONTENT.subarray(0, 5000)));
    const tooLong = { code: 'USAGE', message: expect.stringContaining('has 1025 bytes; 1024 are the most') };
    await expect(open(prefix).begin(name)).rejects.toMatchObject(tooLong);
  });

  it('lists more than a page, and nothing of what lies deeper', async () => {
    const storage = open();
    for (let at = 0; at < OBJECTS; at += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => storage.writeRecord(`${at + i}.tar.gz`, new Uint8Array([i]))),
      );
    await storage.writeRecord('below/deeper.tar.gz', new Uint8Array(1));
    expect(await namesIn(storage)).toHaveLength(OBJECTS);
    // What lies deeper is listed as one prefix.
    expect(proxy.seen.filter(({ url }) => url.includes('list-type=2'))).toHaveLength(Math.ceil((OBJECTS + 1) / 1000));
  }, 120_000);

  it('never overwrites: before the upload, and when another was faster', async () => {
    const storage = open();
    await store(storage, 'oxios-backup-1.tar.gz', CONTENT);
    await expect(storage.begin('oxios-backup-1.tar.gz')).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    const slow = await storage.begin('oxios-backup-2.tar.gz');
    await slow.write(CONTENT.slice(0, 9 * MIB));
    await store(storage, 'oxios-backup-2.tar.gz', CONTENT.subarray(0, 100));
    // This server overwrites when it is asked to commit; so it is seen, by the content, that another was there.
    await slow.discard();
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(CONTENT.subarray(0, 100)));
  });

  it('commits without the condition where the store does not know it', async () => {
    const storage = open();
    proxy.fault = ({ headers }) =>
      headers['if-none-match'] === undefined ? null : { kind: 'answer', status: 501, code: 'NotImplemented' };
    await store(storage, 'oxios-backup-1.tar.gz', CONTENT);
    expect(await digestOf(storage, 'oxios-backup-1.tar.gz')).toBe(digest(CONTENT));
  });

  it('takes the refusal of the condition for what it is', async () => {
    const storage = open();
    proxy.fault = ({ headers }) =>
      headers['if-none-match'] === undefined ? null : { kind: 'answer', status: 412, code: 'PreconditionFailed' };
    await expect(store(storage, 'oxios-backup-1.tar.gz', CONTENT)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    proxy.reset();
    expect(await namesIn(storage)).toEqual([]);
  });

  it('leaves no upload behind when it is discarded', async () => {
    const storage = open();
    const sink = await storage.begin('oxios-backup-1.tar.gz');
    await sink.write(CONTENT.slice(0, 10 * MIB));
    await sink.discard();
    const later = openS3Storage(`${storage.location}?endpoint=${encodeURIComponent(proxy.endpoint)}`, {
      env: OWNER,
      isSnapshotName: () => true,
      now: () => new Date(Date.now() + 2 * 86_400_000),
    });
    expect(await later.clearAbandoned()).toEqual([]);
  });

  it('clears uploads of ours that are over a day old, and no others', async () => {
    const storage = open();
    await storage.begin('oxios-backup-1.tar.gz');
    await storage.begin('of-somebody-else.tar.gz');
    expect(await storage.clearAbandoned()).toEqual([]);
    const later = openS3Storage(`${storage.location}?endpoint=${encodeURIComponent(proxy.endpoint)}`, {
      env: OWNER,
      isSnapshotName: (name) => OURS.test(name),
      now: () => new Date(Date.now() + 25 * 3_600_000),
    });
    expect(await later.clearAbandoned()).toMatchObject([{ path: expect.stringContaining('/oxios-backup-1.tar.gz?') }]);
    expect(await later.clearAbandoned()).toEqual([]);
  });

  it('refuses to mix two versions of an object', async () => {
    const knowing = null;
    const unknowing: Fault = { kind: 'say', headers: { etag: '"another"' } };
    for (const fault of [knowing, unknowing]) {
      const storage = open();
      await storage.writeRecord('one.tar.gz', CONTENT.subarray(0, 100_000));
      const reader = await storage.open('one.tar.gz');
      expect(Buffer.from(await reader.read(90_000, 10))).toEqual(CONTENT.subarray(90_000, 90_010));
      if (fault === null) await storage.writeRecord('one.tar.gz', CONTENT.subarray(100_000, 200_000));
      proxy.fault = () => fault;
      await expect(reader.read(90_000, 10)).rejects.toMatchObject({ code: 'SNAPSHOT_REPLACED' });
      await expect(storage.remove({ name: 'one.tar.gz', version: reader.version })).rejects.toMatchObject({
        code: 'SNAPSHOT_REPLACED',
      });
      proxy.reset();
      const now = await storage.open('one.tar.gz');
      await storage.remove({ name: 'one.tar.gz', version: now.version });
      await expect(storage.open('one.tar.gz')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
      await expect(now.read(90_000, 1)).rejects.toMatchObject({ code: 'SNAPSHOT_REPLACED' });
    }
  });

  it('copies whole parts inside the store', async () => {
    const storage = open();
    await store(storage, 'oxios-backup-1.tar.gz', CONTENT);
    const source = new CachedReader(await storage.open('oxios-backup-1.tar.gz'), undefined);
    const sink = await storage.begin('oxios-backup-2.tar.gz');
    expect(sink.copyStep?.(source)).toBe(8 * MIB);
    await sink.write(CONTENT.slice(0, 8 * MIB));
    proxy.seen.length = 0;
    // Not a whole part.
    expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB - 1)).toBe(false);
    expect(proxy.seen).toEqual([]);
    expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB)).toBe(true);
    expect(proxy.seen.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(0);
    await sink.write(CONTENT.slice(16 * MIB));
    await sink.commit();
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(CONTENT));
  });

  it('copies from another bucket of the store, with a key of any characters, and from no other store', async () => {
    await ownerClient(gateway, 'elsewhere').request({ method: 'PUT', asked: 'to make a bucket' });
    const url = `s3://elsewhere/a + ü?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    const elsewhere = openS3Storage(url, { env: OWNER, retry: RETRY });
    await store(elsewhere, 'b & c.tar.gz', CONTENT);
    const source = await elsewhere.open('b & c.tar.gz');
    const storage = open();
    const sink = await storage.begin('oxios-backup-2.tar.gz');
    await sink.write(CONTENT.slice(0, 8 * MIB));
    expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB)).toBe(true);
    await sink.write(CONTENT.slice(16 * MIB));
    await sink.commit();
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(CONTENT));
    const direct = openS3Storage(url.replace(encodeURIComponent(proxy.endpoint), gateway.endpoint), { env: OWNER });
    const other = await storage.begin('oxios-backup-3.tar.gz');
    expect(other.copyStep?.(await direct.open('b & c.tar.gz'))).toBe(0);
    await other.discard();
  });

  it('copies from no key with a "%", which Ceph would take for another one', async () => {
    const storage = open('percent');
    await store(storage, 'a%20b.tar.gz', CONTENT);
    await store(storage, 'a b.tar.gz', randomBytes(16 * MIB));
    const sink = await storage.begin('oxios-backup-2.tar.gz');
    await sink.write(CONTENT.slice(0, 8 * MIB));
    const source = await storage.open('a%20b.tar.gz');
    expect(sink.copyStep?.(source)).toBe(0);
    expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB)).toBe(false);
    await sink.discard();
  });

  /** A sink with its first part, and what it may copy from. */
  async function beforeCopy(storage: S3Storage): Promise<{ sink: SnapshotSink; source: RangeReader }> {
    await store(storage, 'oxios-backup-1.tar.gz', CONTENT);
    const source = await storage.open('oxios-backup-1.tar.gz');
    const sink = await storage.begin('oxios-backup-2.tar.gz');
    await sink.write(CONTENT.slice(0, 8 * MIB));
    return { sink, source };
  }

  const copies = ({ headers }: Seen): boolean => headers['x-amz-copy-source'] !== undefined;
  const answers = (status: number, code: string): Fault => ({ kind: 'answer', status, code });

  it.each([
    ['does not copy', answers(501, 'NotImplemented')],
    ['does not let it copy', answers(403, 'AccessDenied')],
    ['has another object by now', answers(412, 'PreconditionFailed')],
    ['answers with an error and 200', answers(200, 'InternalError')],
    ['fails each time', answers(503, 'SlowDown')],
  ])('lets the writer send what the store does not copy: it %s', async (_why, fault) => {
    const storage = open();
    const { sink, source } = await beforeCopy(storage);
    proxy.fault = (seen) => (copies(seen) ? fault : null);
    expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB)).toBe(false);
    expect(sink.copyStep?.(source)).toBe(0);
    await sink.write(CONTENT.slice(8 * MIB));
    await sink.commit();
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(CONTENT));
  });

  it('leaves out what was copied and not taken, where nothing comes in its place', async () => {
    const storage = open();
    const { sink, source } = await beforeCopy(storage);
    // Copied, and then the source is another object.
    proxy.fault = ({ method }) => (method === 'HEAD' ? { kind: 'say', headers: { etag: '"another"' } } : null);
    expect(await sink.copyFrom?.(source, 0, 16 * MIB)).toBe(false);
    proxy.reset();
    await sink.write(CONTENT.slice(0, 100));
    // This server wants all parts that it has. Others take those that are named.
    const outcome = await sink.commit().catch((error: unknown) => error);
    await sink.discard();
    if (outcome !== undefined) {
      expect(outcome).toMatchObject({ message: expect.stringContaining('400 InvalidPart') });
      expect(await namesIn(storage)).toEqual(['oxios-backup-1.tar.gz']);
      return;
    }
    const expected = Buffer.concat([CONTENT.subarray(0, 8 * MIB), CONTENT.subarray(0, 100)]);
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(expected));
  });

  it.each([
    ['answers 503', answers(503, 'SlowDown')],
    ['answers with an error and 200', answers(200, 'InternalError')],
    ['loses its answer', { kind: 'reset after' } as const],
  ])('asks again for a copy where the store %s once', async (_why, fault) => {
    const storage = open();
    const { sink, source } = await beforeCopy(storage);
    let times = 0;
    proxy.fault = (seen) => (copies(seen) && times++ === 0 ? fault : null);
    expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB)).toBe(true);
    await sink.write(CONTENT.slice(16 * MIB));
    await sink.commit();
    expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(CONTENT));
  });

  it.each([
    ['replaced', (storage: S3Storage) => storage.writeRecord('oxios-backup-1.tar.gz', randomBytes(16 * MIB))],
    [
      'deleted',
      async (storage: S3Storage) => {
        const object = await storage.look('oxios-backup-1.tar.gz');
        await storage.remove(object as StoredObject);
      },
    ],
  ])(
    'takes nothing of an object that is %s while it is copied, also where the store ignores the condition',
    async (_how, change) => {
      for (const ignores of [false, true]) {
        const storage = open();
        const { sink, source } = await beforeCopy(storage);
        let changed: Promise<void> | null = null;
        proxy.fault = (seen) => {
          if (ignores && copies(seen)) delete seen.headers['x-amz-copy-source-if-match'];
          return null;
        };
        proxy.hold = async (seen) => {
          if (!copies(seen) || changed !== null) return;
          changed = change(storage);
          await changed;
        };
        expect(await sink.copyFrom?.(source, 8 * MIB, 8 * MIB)).toBe(false);
        proxy.hold = async () => {};
        expect(changed).not.toBeNull();
        await sink.write(CONTENT.slice(8 * MIB));
        await sink.commit();
        expect(await digestOf(storage, 'oxios-backup-2.tar.gz')).toBe(digest(CONTENT));
      }
    },
  );

  it('names what is wrong with the credentials, the bucket and the key, and keeps secrets to itself', async () => {
    const wrong = { ...OWNER, AWS_SECRET_ACCESS_KEY: 'not-the-secret' };
    const error = await open('x', wrong)
      .open('a')
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'PERMISSION' });
    expect(`${(error as Error).message} ${(error as { hint: string }).hint}`).not.toContain('not-the-secret');
    await expect(namesIn(open('x', STRANGER))).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringMatching(/403 AccessDenied/),
    });
    await expect(
      namesIn(openS3Storage(`s3://no-bucket/x?endpoint=${proxy.endpoint}`, { env: OWNER, isSnapshotName: () => true })),
    ).rejects.toMatchObject({ code: 'STORAGE_MISSING', message: expect.stringMatching(/NoSuchBucket/) });
    await expect(open('x', { HOME: '/nonexistent' }).open('a')).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
  });

  it('says that nobody answers, in bounded time', async () => {
    const gone = await FaultyProxy.start(gateway.port);
    const { endpoint } = gone;
    await gone.stop();
    const storage = openS3Storage(`s3://bucket/x?endpoint=${endpoint}`, {
      env: OWNER,
      isSnapshotName: () => true,
      retry: RETRY,
    });
    await expect(storage.open('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('asks again, and ends in bounded time, where an answer does not come', async () => {
    const url = `s3://bucket/x?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    const storage = openS3Storage(url, { env: OWNER, retry: { ...RETRY, attempts: 3, answerMs: 200 } });
    await store(storage, 'slow.tar.gz', CONTENT.subarray(0, 5000));
    const forever = new Promise<void>(() => {});
    let waiting = 1;
    proxy.hold = () => (waiting-- > 0 ? forever : Promise.resolve());
    expect((await storage.look('slow.tar.gz'))?.length).toBe(5000);
    proxy.hold = () => forever;
    await expect(storage.look('slow.tar.gz')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(
        /did not answer to look at s3:\/\/bucket\/x\/slow.tar.gz in 3 attempts: .*timeout/i,
      ),
    });
    proxy.hold = async () => {};
  });

  it('names a host that is not known', async () => {
    const url = 's3://bucket/x?endpoint=http://no-such-host.invalid';
    const storage = openS3Storage(url, { env: OWNER, retry: { ...RETRY, attempts: 2 } });
    await expect(storage.open('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
  });

  it('asks again where it is asked to slow down, and names request, status, code and request id at last', async () => {
    const storage = open();
    await store(storage, 'a.tar.gz', CONTENT.subarray(0, 100));
    const headers = { 'x-amz-request-id': 'tx0042' };
    const slowDown: Fault = { kind: 'answer', status: 429, code: 'TooManyRequests', headers };
    proxy.reset();
    proxy.fault = (_seen, number) => (number < 3 ? slowDown : null);
    expect((await storage.look('a.tar.gz'))?.length).toBe(100);
    proxy.reset();
    proxy.fault = () => slowDown;
    await expect(storage.open('a.tar.gz')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(/to read s3:\S+a.tar.gz: 429 TooManyRequests \(a fault\), request tx0042$/),
    });
    expect(proxy.seen).toHaveLength(RETRY.attempts);
  });

  it.each([
    ['RequestTimeTooSkewed', 403, /clock/],
    ['ExpiredToken', 400, /expired: log in again/],
    ['InvalidAccessKeyId', 403, /does not know this access key/],
    ['SignatureDoesNotMatch', 403, /secret key does not fit/],
    ['AuthorizationHeaderMalformed', 400, /region/],
  ])('has a hint for %s', async (code, status, hint) => {
    proxy.fault = () => ({ kind: 'answer', status, code });
    await expect(open().open('a.tar.gz')).rejects.toMatchObject({
      code: 'PERMISSION',
      hint: expect.stringMatching(hint),
    });
  });

  it('names what is under retention, and keeps it', async () => {
    const locked = ownerClient(gateway, 'locked');
    const withLock = { 'x-amz-bucket-object-lock-enabled': 'true' };
    await locked.request({ method: 'PUT', headers: withLock, asked: 'to make a bucket' });
    const retention =
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>' +
      '<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>';
    const body = new TextEncoder().encode(retention);
    await locked.request({ method: 'PUT', query: { 'object-lock': '' }, body, asked: 'to set a retention' });
    const url = `s3://locked/x?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    const storage = openS3Storage(url, { env: OWNER, retry: RETRY });
    await store(storage, 'a.tar.gz', CONTENT.subarray(0, 5000));
    const object = await storage.look('a.tar.gz');
    const refused = { code: 'PERMISSION', message: expect.stringContaining('is under retention until 2') };
    await expect(storage.remove(object as StoredObject)).rejects.toMatchObject(refused);
    // Where the store does not say until when, it refuses to delete that version.
    const later = openS3Storage(url, { env: OWNER, retry: RETRY, now: () => new Date('2999-01-01') });
    await expect(later.remove(object as StoredObject)).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringMatching(/403/),
    });
    expect(await storage.look('a.tar.gz')).toEqual(object);
  });

  it('needs neither the right to read nor to delete to create', async () => {
    const statement = (Effect: 'Allow' | 'Deny', Action: string[]) => ({
      Effect,
      Principal: { AWS: ['arn:aws:iam:::user/may-not'] },
      Action,
      Resource: ['arn:aws:s3:::writable', 'arn:aws:s3:::writable/*'],
    });
    const writable = ownerClient(gateway, 'writable');
    await writable.request({ method: 'PUT', asked: 'to make a bucket' });
    const create = statement('Allow', ['s3:PutObject', 's3:AbortMultipartUpload']);
    // Who made an object owns it here, and might read it.
    const nothingElse = statement('Deny', ['s3:GetObject', 's3:DeleteObject', 's3:ListBucket']);
    const setPolicy = async (...Statement: object[]) => {
      const body = new TextEncoder().encode(JSON.stringify({ Version: '2012-10-17', Statement }));
      await writable.request({ method: 'PUT', query: { policy: '' }, body, asked: 'to set a policy' });
    };
    await setPolicy(create, nothingElse);
    const url = `s3://writable/x?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    const stranger = openS3Storage(url, { env: STRANGER, retry: RETRY });
    expect(await stranger.clearAbandoned()).toEqual([]);
    await store(stranger, 'a.tar.gz', CONTENT);
    await expect(stranger.open('a.tar.gz')).rejects.toMatchObject({ code: 'PERMISSION' });
    // It cannot be asked whether it was done, and says so.
    proxy.fault = ({ method, url }) =>
      method === 'POST' && url.includes('uploadId=') ? { kind: 'reset after' } : null;
    await expect(store(stranger, 'b.tar.gz', CONTENT.subarray(0, 5000))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('may have been stored'),
    });
    proxy.reset();
    await setPolicy(create);
    expect(await digestOf(stranger, 'a.tar.gz')).toBe(digest(CONTENT));
  }, 30_000);

  it('knows a wrong clock where the refusal has no code', async () => {
    const storage = open();
    await store(storage, 'a.tar.gz', CONTENT.subarray(0, 100));
    proxy.fault = () => ({ kind: 'answer', status: 403, code: '', headers: { date: 'Thu, 01 Jan 2026 00:00:00 GMT' } });
    await expect(storage.look('a.tar.gz')).rejects.toMatchObject({
      code: 'PERMISSION',
      hint: expect.stringMatching(/clock/),
    });
  });

  it('says in which region the bucket is', async () => {
    const headers = { 'x-amz-bucket-region': 'eu-west-3' };
    proxy.fault = () => ({ kind: 'answer', status: 301, code: 'PermanentRedirect', headers });
    await expect(open().look('a.tar.gz')).rejects.toMatchObject({ hint: expect.stringMatching(/region=eu-west-3/) });
  });

  it('does not take in a whole object where the store knows no ranges', async () => {
    const storage = open();
    await store(storage, 'a.tar.gz', CONTENT);
    proxy.fault = ({ headers }) => {
      delete headers.range;
      return null;
    };
    await expect(storage.open('a.tar.gz')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it('ends at an abort, and leaves nothing', async () => {
    const storage = open();
    const giveUp = new AbortController();
    const sink = await storage.begin('oxios-backup-1.tar.gz', { signal: giveUp.signal });
    await sink.write(CONTENT.slice(0, 9 * MIB));
    giveUp.abort();
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ABORTED' });
    await sink.discard();
    expect(await namesIn(storage)).toEqual([]);
  });

  /** All of them in the long form. */
  const FAULTS: Record<string, Fault> = {
    'answers 503': { kind: 'answer', status: 503, code: 'SlowDown' },
    'answers 429': { kind: 'answer', status: 429, code: 'TooManyRequests' },
    'answers 500': { kind: 'answer', status: 500, code: 'InternalError' },
    'is cut off before it hears': { kind: 'reset before' },
    'is cut off before it answers': { kind: 'reset after' },
    'is cut off in the middle of its answer': { kind: 'half' },
  };

  describe.each(Object.entries(FAULTS).filter(([name]) => isLong || SHORT.includes(name)))(
    'where the store %s',
    (_name, fault) => {
      it('stores a snapshot whole, whichever request it is', async () => {
        const storage = open();
        await store(storage, 'oxios-backup-0.tar.gz', CONTENT);
        const requests = proxy.seen.length;
        expect(requests).toBe(9);
        for (let at = 0; at < requests; at++) {
          proxy.reset();
          proxy.fault = (_seen, number) => (number === at ? fault : null);
          await store(storage, `oxios-backup-${at + 1}.tar.gz`, CONTENT);
          proxy.reset();
          expect(await digestOf(storage, `oxios-backup-${at + 1}.tar.gz`)).toBe(digest(CONTENT));
        }
      });

      it('leaves nothing at the name when it goes on from some request', async () => {
        const storage = open();
        await store(storage, 'oxios-backup-0.tar.gz', CONTENT);
        const requests = proxy.seen.length;
        for (let at = 0; at < requests; at++) {
          const name = `oxios-backup-${at + 1}.tar.gz`;
          proxy.reset();
          proxy.fault = (_seen, number) => (number >= at ? fault : null);
          const outcome = await store(storage, name, CONTENT).catch((error: unknown) => error);
          proxy.reset();
          const stands = (await namesIn(storage)).includes(name);
          if (outcome === undefined) expect(await digestOf(storage, name)).toBe(digest(CONTENT));
          else if (stands) {
            // The store did it, and could not be asked: the error says so.
            expect(String(outcome)).toMatch(/was stored, but could not be read back|may have been stored/);
            expect(await digestOf(storage, name)).toBe(digest(CONTENT));
          }
          if (outcome !== undefined) expect(outcome).toMatchObject({ name: 'BackupError' });
        }
      });

      it('reads what was stored', async () => {
        const storage = open();
        await store(storage, 'oxios-backup-1.tar.gz', CONTENT);
        for (let at = 0; at < 3; at++) {
          proxy.reset();
          proxy.fault = (_seen, number) => (number === at ? fault : null);
          const reader = await storage.open('oxios-backup-1.tar.gz');
          for (const offset of [0, 9 * MIB])
            expect(digest(await reader.read(offset, MIB))).toBe(digest(CONTENT.subarray(offset, offset + MIB)));
        }
      });
    },
  );
});
