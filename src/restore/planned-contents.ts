import type { Notice, OperationOptions } from '../events.ts';
import type { IndexRoot, RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import type { ReadPool } from '../read/read-pool.ts';
import type { UnusualNames } from '../validate/unusual-names.ts';
import type { ExternalLink } from './external-links.ts';
import type { RestoreSize } from './extraction-plan.ts';
import type { ExtractedTree, TreeWriterOptions } from './tree-writer.ts';

/** What of a snapshot is to be restored: validated by the rules of this platform, and nothing written yet. */
export interface PlannedContents {
  manifest: Manifest;
  /** False for a foreign archive, which carries no digests to be verified against. */
  sealed: boolean;
  size: RestoreSize;
  /** Links that lead out of the state directory, among what is to be written. */
  external: ExternalLink[];
  /** Names among what is to be written that not every file system holds. */
  unusual: UnusualNames;
  /** All that the snapshot holds, whatever part of it is wanted. */
  holds: Pick<Totals, 'files' | 'symlinks'>;
  /** What it holds and a restore does not write. */
  notices: Notice[];
  statuses: RecordedStatus[];
  /** Attributes of the state directory itself; null where the snapshot has none. */
  directory: IndexRoot['directory'] | null;
  /** Finest difference between its times that means something, in nanoseconds. */
  timeUnit: number;
  /** Paths that must not meet on the file system that they go to. */
  paths(): AsyncIterable<Iterable<string>> | Iterable<Iterable<string>>;
  /** Paths of symbolic links that are to be written. */
  symlinks(): Promise<string[]>;
  /** Content that is written more than once where there are no hard links. */
  bytesOfCopies(): Promise<number>;
  /** Everything that is to be written, in the order of a snapshot. To be asked for as often as it is gone through. */
  entries(): EntryRuns;
  /** Writes and verifies it; links and attributes of directories are left to `makeLinks` and `finishDirectories`. */
  extract(tree: TreeWriterOptions, options: OperationOptions): Promise<ExtractedTree>;
  close(): Promise<void>;
}

export interface ContentsOptions {
  signal?: AbortSignal | undefined;
  threads?: number | undefined;
  /** Threads that were started for it, closed with the contents. */
  pool?: ReadPool | null | undefined;
}
