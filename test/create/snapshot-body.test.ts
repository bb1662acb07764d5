import { expect, test } from 'vitest';
import { IndexSpool } from '../../src/create/index-spool.ts';
import { IndexWriter } from '../../src/create/index-writer.ts';
import type { PackPool } from '../../src/create/pack-pool.ts';
import type { PackJob, PackResult } from '../../src/create/pack-worker.ts';
import type { SelfCheck } from '../../src/create/self-check.ts';
import { SnapshotBody } from '../../src/create/snapshot-body.ts';
import type { SnapshotSink } from '../../src/storage/storage.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

test('a block goes to a worker with that of an earlier index which begins with the same path', async () => {
  const earlier = Buffer.from('an earlier block');
  const jobs: PackJob[] = [];
  const pool = {
    run: async (job: PackJob) => {
      jobs.push(job);
      return { bytes: earlier, validation: {} } as unknown as PackResult['block'];
    },
  } as unknown as PackPool;
  const spool = new IndexSpool(room.path(''));
  const body = new SnapshotBody({
    pool,
    sink: { position: 0, write: async () => {} } as unknown as SnapshotSink,
    writer: new IndexWriter(spool),
    check: { add: async () => {} } as unknown as SelfCheck,
    copies: null,
    earlierBlock: (first) => (first === 'a' ? earlier : null),
    onEntry: () => {},
  });
  for (const path of ['a', 'b']) {
    await body.append({ member: Buffer.alloc(50), raw: 512, sha256: '01'.repeat(32), pieceSha256: '' });
    body.addEntry({ path, type: 'directory', mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, size: 0, headerBlocks: 1 });
    await body.endBlock();
  }
  await body.finish();
  expect(jobs.map((job) => job.kind === 'block' && [job.block.path[0], job.earlier])).toEqual([
    ['a', earlier],
    ['b', null],
  ]);
  expect(spool.read(0, earlier.length)).toEqual(earlier);
  spool.close();
});
