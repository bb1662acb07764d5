import { pruneSnapshots } from 'oxios-backup';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { S3Client } from '../../../src/storage/s3/s3-client.ts';
import { openS3Storage } from '../../../src/storage/s3/s3-storage.ts';
import type { SnapshotStorage } from '../../../src/storage/storage.ts';
import { sealedSnapshot } from '../../catalog/snapshot-folder.ts';
import { objectsIn } from '../storage-suite.ts';
import { ownerClient } from './bucket.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import { Gateway, noGateway, OWNER } from './gateway.ts';

let gateway: Gateway;
let proxy: FaultyProxy;
let owner: S3Client;
let folders = 0;

describe.skipIf(noGateway !== null)(`objects under retention${noGateway === null ? '' : ` (${noGateway})`}`, () => {
  beforeAll(async () => {
    gateway = await Gateway.start();
    proxy = await FaultyProxy.start(gateway.port);
    owner = ownerClient(gateway, 'locked');
    const headers = { 'x-amz-bucket-object-lock-enabled': 'true' };
    await owner.request({ method: 'PUT', headers, asked: 'to make a bucket with Object Lock' });
  }, 120_000);

  afterAll(async () => {
    await proxy?.stop();
    await gateway?.stop();
  });

  beforeEach(() => {
    for (const [name, value] of Object.entries(OWNER)) vi.stubEnv(name, value);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    proxy.reset();
  });

  /** Snapshots of four days; nobody may delete that of the second. */
  async function lockedFolder(): Promise<{ url: string; storage: SnapshotStorage }> {
    const folder = `folder-${folders++}`;
    const url = `s3://locked/${folder}?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    const storage = openS3Storage(url);
    for (const day of [1, 2, 3, 4]) {
      const sink = await storage.begin(`${day}.tar.gz`);
      await sink.write(sealedSnapshot({ made: `2026-01-0${day}T12:00:00Z` }));
      await sink.commit();
    }
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const retention = `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`;
    await owner.request({
      method: 'PUT',
      key: `${folder}/2.tar.gz`,
      query: { retention: '' },
      body: Buffer.from(retention),
      asked: 'to lock a snapshot',
    });
    return { url, storage };
  }

  const snapshotsIn = async (storage: SnapshotStorage) =>
    (await objectsIn(storage)).map(({ name }) => name).filter((name) => !name.startsWith('.'));

  it.each([
    ['as a look at the object tells', () => {}, /is under retention until \d{4}-/],
    [
      'also where only the refusal shows it',
      () => {
        const unsaid = { 'x-amz-object-lock-retain-until-date': '' };
        proxy.fault = ({ method }) => (method === 'HEAD' ? { kind: 'say', headers: unsaid } : null);
      },
      /refused to delete .*2\.tar\.gz: 403 AccessDenied/,
    ],
  ])('are named and kept, and the rest goes: %s', async (_how, hide, message) => {
    const { url, storage } = await lockedFolder();
    hide();
    const { removed, failed, freedBytes } = await pruneSnapshots({ folder: url, keepLast: 1 });
    expect(removed.map(({ name }) => name)).toEqual(['1.tar.gz', '3.tar.gz']);
    expect(failed).toMatchObject([{ snapshot: { name: '2.tar.gz' }, problem: { code: 'PERMISSION', message } }]);
    expect(freedBytes).toBe(removed.reduce((sum, { length }) => sum + length, 0));
    expect(await snapshotsIn(storage)).toEqual(['2.tar.gz', '4.tar.gz']);
  });
});
