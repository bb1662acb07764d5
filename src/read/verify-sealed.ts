import { blockEntries } from '../format/index-block.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import { HERE } from '../system/platform.ts';
import { problemOf } from '../validate/problem.ts';
import { SnapshotValidator } from '../validate/snapshot-validator.ts';
import { validateBlock } from '../validate/validate-block.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import { BlockWalker } from './block-walker.ts';
import { type BlockLocation, readBlock } from './index-reader.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import type { ReadResult } from './read-jobs.ts';
import { countedFolders, ReadPool } from './read-pool.ts';
import type { Verification, VerificationOptions } from './snapshot-reader.ts';
import { validateWhole } from './validate-snapshot.ts';
import { walkParallel, walkStoredParallel } from './walk-parallel.ts';

/** Verifies every byte of a sealed snapshot against its digests; with `quick` as it is in the file, inflating nothing. Goes on after the first problem. */
export async function verifySealed(snapshot: SealedSnapshot, options: VerificationOptions): Promise<Verification> {
  const { root } = snapshot;
  const { quick = false } = options;
  const pool = await ReadPool.start(snapshot, ANY_PLATFORM, { threads: options.threads });
  const validator = new SnapshotValidator();
  try {
    options.onEvent?.({ type: 'phase', phase: 'check' });
    const window = new OrderedWindow(pool.window);
    const rangesOf = (block: BlockLocation) => pool.blockRanges(block);
    for await (const { job: block, held } of pool.supply(eachBlock(snapshot, validator), rangesOf, options.signal)) {
      throwIfAborted(options.signal);
      const checked = pool.isLed(block)
        ? checkParallel(snapshot, pool, block, quick, options.signal)
        : pool.run({ kind: 'check', block, quick, held });
      await window.add(checked, ({ validation, problems }) => {
        if (validation !== null) validator.add(validation);
        validator.found.addAll(problems);
        options.onEvent?.({
          type: 'progress',
          phase: 'check',
          entries: validator.counts.entries,
          bytes: validator.counts.bytes,
          totalEntries: root.totals.entries,
          totalBytes: root.totals.bytes,
        });
      });
    }
    await window.drain();
    throwIfAborted(options.signal);
    // There are no totals of entries that could not be validated either.
    if (validator.problems.length === 0) await validateWhole(snapshot, pool, validator, options.signal);
    return {
      problems: [...validator.problems],
      totals: root.totals,
      externalLinks: validator.externalLinks(HERE.os),
    };
  } finally {
    await pool.close();
  }
}

/** All blocks, but for those whose page is damaged. */
async function* eachBlock(
  { blocks }: SealedSnapshot,
  validator: SnapshotValidator,
): AsyncGenerator<BlockLocation, void, void> {
  for (const page of blocks.pages.keys()) {
    let inside: readonly BlockLocation[] = [];
    try {
      inside = await blocks.blocksOf(page);
    } catch (error) {
      validator.found.add(problemOf(error));
    }
    yield* inside;
  }
}

async function checkParallel(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  location: BlockLocation,
  quick: boolean,
  signal: AbortSignal | undefined,
): Promise<ReadResult['check']> {
  try {
    const block = await readBlock(snapshot.index, location);
    const entries = blockEntries(block);
    const walker = new BlockWalker(entries);
    await (quick ? walkStoredParallel : walkParallel)(pool, { offset: location.row.offset, block }, walker, signal);
    return {
      validation: validateBlock(entries, ANY_PLATFORM, countedFolders(snapshot.manifest)),
      problems: walker.problems,
    };
  } catch (error) {
    return { validation: null, problems: [problemOf(error)] };
  }
}
