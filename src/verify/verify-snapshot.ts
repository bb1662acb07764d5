import type { Readable } from 'node:stream';
import type { OperationOptions } from '../events.ts';
import { blockEntries } from '../format/index-block.ts';
import type { RecordedVerdict, Totals } from '../format/index-root.ts';
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
import type { BlockLocation } from '../read/index-reader.ts';
import { readBlock } from '../read/index-reader.ts';
import { judgeBlock } from '../read/judge-block.ts';
import { judgeWhole } from '../read/judge-snapshot.ts';
import { openSnapshot, type SealedSnapshot, type UnsealedSnapshot } from '../read/open-snapshot.ts';
import { type Problem, problemOf } from '../read/problem.ts';
import { countedFolders, isParallel, ReadPool } from '../read/read-pool.ts';
import type { ReadResult } from '../read/read-worker.ts';
import { SnapshotJudge } from '../read/snapshot-judge.ts';
import { openSource, type SnapshotSource } from '../read/snapshot-source.ts';
import { visitUnsealed } from '../read/unsealed/read-unsealed.ts';
import { walkParallel } from '../read/walk-parallel.ts';
import { HERE } from '../state/platform.ts';
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
  /** Whether every byte was proven. Equal to `problems.length === 0`. */
  valid: boolean;
  /** What is wrong, in the order in which it was found: up to 1,000 problems, then one that counts all others. */
  problems: Problem[];
  /** False for an archive from elsewhere, which carries no digests to be proven against. */
  sealed: boolean;
  manifest: Manifest | null;
  totals: Omit<Totals, 'tar_bytes'> | null;
  /** What `createBackup` recorded of files that it did not have clean at once. */
  verdicts: RecordedVerdict[];
  /** Symbolic links that lead out of the state directory; `restoreBackup` refuses them unless told otherwise. */
  externalLinks: string[];
}

/**
 * Proves a snapshot: every byte of it, against its own digests. Goes on behind the first problem.
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError only when the file cannot be read at all; a snapshot that is not valid is a result, not an error
 */
export async function verifySnapshot(snapshot: string | Readable, options: VerifyOptions = {}): Promise<VerifyResult> {
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkOptions(verifyOptionsSchema, options);
  const source = await openSource(snapshot, { signal: options.signal });
  try {
    return await verifySource(source, options);
  } finally {
    source.close();
  }
}

/** The same for a snapshot that is open; it stays so. */
export async function verifySource(source: SnapshotSource, options: VerifyOptions): Promise<VerifyResult> {
  try {
    const opened = await openSnapshot(source);
    return opened.kind === 'sealed' ? await verifySealed(opened, options) : await verifyUnsealed(opened, options);
  } catch (error) {
    throwIfAborted(options.signal);
    return {
      valid: false,
      problems: [problemOf(error)],
      sealed: false,
      manifest: null,
      totals: null,
      verdicts: [],
      externalLinks: [],
    };
  }
}

async function verifySealed(snapshot: SealedSnapshot, options: VerifyOptions): Promise<VerifyResult> {
  const { root, manifest } = snapshot;
  const pool = new ReadPool(snapshot, ANY_PLATFORM, options.threads);
  const judge = new SnapshotJudge();
  try {
    options.onEvent?.({ type: 'phase', phase: 'check' });
    const window = new OrderedWindow(pool.window);
    for (const block of eachBlock(snapshot, judge)) {
      throwIfAborted(options.signal);
      const checked = isParallel(block.row)
        ? checkParallel(snapshot, pool, block, options.signal)
        : pool.run({ kind: 'check', block });
      await window.add(checked, ({ judgement, problems }) => {
        if (judgement !== null) judge.add(judgement);
        judge.found.addAll(problems);
        options.onEvent?.({
          type: 'progress',
          phase: 'check',
          entries: judge.counts.entries,
          bytes: judge.counts.bytes,
          totalEntries: root.totals.entries,
          totalBytes: root.totals.bytes,
        });
      });
    }
    await window.drain();
    throwIfAborted(options.signal);
    // Of entries that could not be judged the totals are not to be had either.
    if (judge.problems.length === 0) await judgeWhole(snapshot, pool, judge);
    return {
      valid: judge.problems.length === 0,
      problems: [...judge.problems],
      sealed: true,
      manifest,
      totals: root.totals,
      verdicts: root.verdicts,
      externalLinks: judge.externalLinks(HERE.os),
    };
  } finally {
    await pool.close();
  }
}

/** All blocks, but for those whose page is damaged. */
function* eachBlock({ blocks }: SealedSnapshot, judge: SnapshotJudge): Generator<BlockLocation, void, void> {
  for (const page of blocks.pages.keys()) {
    let inside: readonly BlockLocation[] = [];
    try {
      inside = blocks.blocksOf(page);
    } catch (error) {
      judge.found.add(problemOf(error));
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
    const block = readBlock(snapshot.index, location);
    const entries = blockEntries(block);
    const walker = new BlockWalker(entries);
    await walkParallel(pool, location.row.offset, block, walker, signal);
    return {
      judgement: judgeBlock(entries, ANY_PLATFORM, countedFolders(snapshot.manifest)),
      problems: walker.problems,
    };
  } catch (error) {
    return { judgement: null, problems: [problemOf(error)] };
  }
}

async function verifyUnsealed(snapshot: UnsealedSnapshot, options: VerifyOptions): Promise<VerifyResult> {
  const { manifest } = snapshot;
  options.onEvent?.({ type: 'phase', phase: 'check' });
  const book = await visitUnsealed(snapshot.source, null, ANY_PLATFORM, options.signal);
  for (const notice of book.notices()) options.onEvent?.({ type: 'notice', ...notice });
  const { judge } = book;
  judge.judgeManifest(manifest);
  return {
    valid: judge.problems.length === 0,
    problems: [...judge.problems],
    sealed: false,
    manifest,
    totals: judge.counts,
    verdicts: [],
    externalLinks: judge.externalLinks(HERE.os),
  };
}
