import type { BackupError } from '../errors.ts';
import type { Selection } from '../patterns/selection.ts';
import type { RestoreMode } from '../state-dir/commit/commit-tree.ts';
import type { ExternalLinks } from './external-links.ts';
import type { SpaceCheck } from './free-space.ts';
import type { ContentsOptions, PlannedContents } from './planned-contents.ts';
import type { TargetFileSystem } from './target-file-system.ts';

/** Where a restore writes. */
export interface RestoreDestination {
  /** The state directory, as it really is (links resolved). */
  target: string;
  /** The directory that the tree is made in before it takes its place; a dry run does not make it. */
  staging: string;
  /** Whether something of the state is there. */
  hasContent: boolean;
  fileSystem: TargetFileSystem;
}

/** The options that a plan depends on. */
export interface PlanOptions extends ContentsOptions {
  mode?: RestoreMode;
  allowEmpty?: boolean;
  externalLinks?: ExternalLinks;
}

/** What a restore does, decided before anything is written: `restoreSnapshot` executes it, a dry run shows it. */
export interface RestorePlan {
  destination: RestoreDestination;
  mode: RestoreMode;
  /** Null for everything. */
  selection: Selection | null;
  contents: PlannedContents;
  /** Whether what is there stays, but for what the snapshot holds. */
  merges: boolean;
  /** Symbolic links that are omitted. */
  skipped: ReadonlySet<string>;
  space: SpaceCheck;
  /** Why it must not be executed, first reason first: each is looked for when it is asked for. */
  refusals(): AsyncIterable<BackupError>;
}
