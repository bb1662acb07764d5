import { expect, test } from 'vitest';
import { BlockTable } from '../../src/read/block-table.ts';
import { judgeWhole } from '../../src/read/judge-snapshot.ts';
import type { SealedSnapshot } from '../../src/read/open-snapshot.ts';
import type { ReadPool } from '../../src/read/read-pool.ts';
import { SnapshotJudge } from '../../src/read/snapshot-judge.ts';

test('hard links to nothing are named up to a thousand, and all are counted', async () => {
  const count = 150_000;
  const judge = new SnapshotJudge();
  for (let i = 0; i < count; i++) judge.hardLinks.push({ path: `h${i}`, type: 'hardlink', link: 'a', attributes: '' });
  const blocks = new BlockTable({ fd: -1, offset: 0, length: 0 }, [], 0);
  // No block holds the target, so that no thread is asked.
  const snapshot = { blocks, manifest: { sections: [] }, root: { totals: judge.counts, verdicts: [] } };
  await judgeWhole(snapshot as unknown as SealedSnapshot, {} as ReadPool, judge);
  expect(judge.problems.length).toBe(1001);
  expect(judge.problems.at(-1)?.message).toBe('… and 149000 more problems');
  expect(judge.problems[0]?.code).toBe('UNSAFE_LINK');
});
