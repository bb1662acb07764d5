import { expect, test } from 'vitest';
import { judgeWhole } from '../../src/read/judge-snapshot.ts';
import type { SealedSnapshot } from '../../src/read/open-snapshot.ts';
import type { ReadPool } from '../../src/read/read-pool.ts';
import { SnapshotJudge } from '../../src/read/snapshot-judge.ts';

test('every hard link to nothing is named, though they are more than a call takes arguments', async () => {
  const count = 150_000;
  const judge = new SnapshotJudge();
  for (let i = 0; i < count; i++) judge.hardLinks.push({ path: `h${i}`, type: 'hardlink', link: 'a' });
  // No block holds the target, so that no thread is asked.
  const snapshot = { blocks: [], manifest: { sections: [] }, root: { totals: judge.counts } };
  await judgeWhole(snapshot as unknown as SealedSnapshot, {} as ReadPool, judge);
  expect(judge.problems.length).toBe(count);
  expect(judge.problems[0]?.code).toBe('UNSAFE_LINK');
});
