import { afterAll, beforeAll, describe } from 'vitest';
import { openS3Storage } from '../../../src/storage/s3/s3-storage.ts';
import { storageSuite } from '../storage-suite.ts';
import { startWithBucket } from './bucket.ts';
import { type Gateway, noGateway, OWNER } from './gateway.ts';

let gateway: Gateway;
let places = 0;

describe.skipIf(noGateway !== null)(`object storage${noGateway === null ? '' : ` (${noGateway})`}`, () => {
  beforeAll(async () => {
    gateway = await startWithBucket('bucket');
  }, 120_000);

  afterAll(() => gateway?.stop());

  storageSuite(() => {
    const url = `s3://bucket/place-${places++}?endpoint=${encodeURIComponent(gateway.endpoint)}`;
    // This server does not know the condition of a commit.
    return { open: async () => openS3Storage(url, { env: OWNER }), commitsOnce: false };
  });
});
