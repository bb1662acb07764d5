import type { OperationOptions } from '../events.ts';
import { blockEntries } from '../format/index-block.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import {
  checkArgument,
  checkOptions,
  OPERATION_SHAPE,
  optionsSchema,
  snapshotSchema,
  threadsSchema,
} from '../options.ts';
import { BlockWalker } from '../read/block-walker.ts';
import { visitForeign } from '../read/foreign/read-foreign.ts';
import type { BlockLocation } from '../read/index-reader.ts';
import { readBlock } from '../read/index-reader.ts';
import { type ForeignArchive, openSnapshot, type SealedSnapshot } from '../read/open-snapshot.ts';
import { type Problem, problemOf } from '../read/problem.ts';
import { countedFolders, ReadPool } from '../read/read-pool.ts';
import type { ReadResult } from '../read/read-worker.ts';
import { SnapshotValidator } from '../read/snapshot-validator.ts';
import { validateBlock } from '../read/validate-block.ts';
import { validateWhole } from '../read/validate-snapshot.ts';
import { walkParallel } from '../read/walk-parallel.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/storage.ts';
import { HERE } from '../system/platform.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';

export interface VerifyOptions extends OperationOptions {
  /**
   * Worker threads.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
}

export const verifyOptionsSchema = optionsSchema<VerifyOptions>({ ...OPERATION_SHAPE, threads: threadsSchema });

/** What a verification found out. */
export interface VerifyResult {
  /** Whether every byte was verified. Equal to `problems.length === 0`. */
  valid: boolean;
  /** What is wrong, in the order in which it was found: up to 1,000 problems, then one that counts all others. */
  problems: Problem[];
  /** False for an archive from elsewhere, which carries no digests to be verified against. */
  sealed: boolean;
  manifest: Manifest | null;
  totals: Omit<Totals, 'tar_bytes'> | null;
  /** What `createBackup` recorded of files that it did not have clean at once. */
  statuses: RecordedStatus[];
  /** Symbolic links that lead out of the state directory; `restoreBackup` refuses them unless told otherwise. */
  externalLinks: string[];
}

/**
 * Verifies a snapshot: every byte of it, against its own digests. Goes on behind the first problem.
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError only when the file cannot be read at all; a snapshot that is not valid is a result, not an error
 */
export async function verifySnapshot(snapshot: SnapshotInput, options: VerifyOptions = {}): Promise<VerifyResult> {
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkOptions(verifyOptionsSchema, options);
  const source = await openReader(snapshot, { signal: options.signal });
  try {
    return await verifySource(source, options);
  } finally {
    await source.close();
  }
}

/** The same for a snapshot that is open; it stays so. */
export async function verifySource(source: RangeReader, options: VerifyOptions): Promise<VerifyResult> {
  try {
    const opened = await openSnapshot(source);
    return opened.kind === 'sealed' ? await verifySealed(opened, options) : await verifyForeign(opened, options);
  } catch (error) {
    throwIfAborted(options.signal);
    return {
      valid: false,
      problems: [problemOf(error)],
      sealed: false,
      manifest: null,
      totals: null,
      statuses: [],
      externalLinks: [],
    };
  }
}

async function verifySealed(snapshot: SealedSnapshot, options: VerifyOptions): Promise<VerifyResult> {
  const { root, manifest } = snapshot;
  const pool = await ReadPool.start(snapshot, ANY_PLATFORM, options.threads);
  const validator = new SnapshotValidator();
  try {
    options.onEvent?.({ type: 'phase', phase: 'check' });
    const window = new OrderedWindow(pool.window);
    const rangesOf = (block: BlockLocation) => pool.blockRanges(block);
    for await (const { job: block, held } of pool.supply(eachBlock(snapshot, validator), rangesOf, options.signal)) {
      throwIfAborted(options.signal);
      const checked = pool.isLed(block)
        ? checkParallel(snapshot, pool, block, options.signal)
        : pool.run({ kind: 'check', block, held });
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
    // Of entries that could not be validated the totals are not to be had either.
    if (validator.problems.length === 0) await validateWhole(snapshot, pool, validator, options.signal);
    return {
      valid: validator.problems.length === 0,
      problems: [...validator.problems],
      sealed: true,
      manifest,
      totals: root.totals,
      statuses: root.statuses,
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
  signal: AbortSignal | undefined,
): Promise<ReadResult['check']> {
  try {
    const block = await readBlock(snapshot.index, location);
    const entries = blockEntries(block);
    const walker = new BlockWalker(entries);
    await walkParallel(pool, location.row.offset, block, walker, signal);
    return {
      validation: validateBlock(entries, ANY_PLATFORM, countedFolders(snapshot.manifest)),
      problems: walker.problems,
    };
  } catch (error) {
    return { validation: null, problems: [problemOf(error)] };
  }
}

async function verifyForeign(snapshot: ForeignArchive, options: VerifyOptions): Promise<VerifyResult> {
  const { manifest } = snapshot;
  options.onEvent?.({ type: 'phase', phase: 'check' });
  const book = await visitForeign(snapshot.source, null, ANY_PLATFORM, options.signal);
  for (const notice of book.notices()) options.onEvent?.({ type: 'notice', ...notice });
  const { validator } = book;
  validator.validateManifest(manifest);
  return {
    valid: validator.problems.length === 0,
    problems: [...validator.problems],
    sealed: false,
    manifest,
    totals: validator.counts,
    statuses: [],
    externalLinks: validator.externalLinks(HERE.os),
  };
}
