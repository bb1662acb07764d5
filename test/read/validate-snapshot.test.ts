import { expect, test } from 'vitest';
import { BlockTable } from '../../src/read/block-table.ts';
import type { SealedSnapshot } from '../../src/read/open-snapshot.ts';
import type { ReadPool } from '../../src/read/read-pool.ts';
import { validateWhole } from '../../src/read/validate-snapshot.ts';
import type { RangeReader } from '../../src/storage/range-reader.ts';
import { SnapshotValidator } from '../../src/validate/snapshot-validator.ts';

test('hard links to nothing are named up to a thousand, and all are counted', async () => {
  const count = 150_000;
  const validator = new SnapshotValidator();
  for (let i = 0; i < count; i++)
    validator.hardLinks.push({ path: `h${i}`, type: 'hardlink', link: 'a', attributes: '' });
  const blocks = new BlockTable({ reader: {} as RangeReader, offset: 0, length: 0 }, [], 0);
  // No block holds the target, so that no thread is asked.
  const pool = { async *supply() {} };
  const snapshot = { blocks, manifest: { sections: [] }, root: { totals: validator.counts, statuses: [] } };
  await validateWhole(snapshot as unknown as SealedSnapshot, pool as unknown as ReadPool, validator, undefined);
  expect(validator.problems.length).toBe(1001);
  expect(validator.problems.at(-1)?.message).toBe('… and 149000 more problems');
  expect(validator.problems[0]?.code).toBe('UNSAFE_LINK');
});
