import type { OperationOptions } from '../events.ts';
import { isIncomplete } from '../format/file-status.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { commit } from '../state-dir/commit/commit-tree.ts';
import type { RunningOptions } from '../state-dir/lock/not-running.ts';
import type { Staging } from '../state-dir/staging/staging.ts';
import { readTop, type TopAttributes } from '../state-dir/top-attributes.ts';
import { reportUnheldTimes } from '../system/entry-time.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { finishDirectories, makeLinks } from './complete-tree.ts';
import { reportCopies } from './hard-links.ts';
import type { RestorePlan } from './restore-plan.ts';
import { reportAbilities } from './target-abilities.ts';
import type { TreeWriterOptions } from './tree-writer.ts';
import { keepLiveAttributes, removeUnwanted } from './trim-to-selection.ts';

/** A state directory that was restored. */
export interface RestoreResult {
  /** Path of the state directory, symbolic links resolved. */
  stateDir: string;
  /** The manifest of the snapshot. */
  manifest: Manifest;
  /** False for a foreign archive, which has no digests to be verified against. */
  sealed: boolean;
  /** What was written; `bytes` of contents, uncompressed. */
  restored: { entries: number; files: number; bytes: number };
  /** Path where the previous state directory is kept, or what a merge replaced; null if there was nothing. */
  previousState: string | null;
  /** Paths of symbolic links that were not restored, by `externalLinks: 'skip'`. */
  skippedLinks: string[];
  /** Every file whose status in the snapshot is not `ok`. */
  statuses: RecordedStatus[];
  /** False when symbolic links were not restored, or the snapshot itself is not complete. */
  complete: boolean;
}

export interface ExecuteOptions extends OperationOptions, RunningOptions {
  sameOwner?: boolean;
  /** Name of the snapshot's file; null when it comes through a pipe. */
  name: string | null;
}

/**
 * Executes a plan that has no refusals: fills the staging directory, verifying what it writes, and commits it.
 *
 * @throws BackupError when nothing was changed, or `NEEDS_RECOVERY`
 */
export async function executeRestore(
  plan: RestorePlan,
  staging: Staging,
  options: ExecuteOptions,
): Promise<RestoreResult> {
  const { contents, selection, mode, merges, skipped } = plan;
  const { signal, onEvent } = options;
  const { abilities } = plan.destination.fileSystem;
  const treeOptions: TreeWriterOptions = {
    root: staging.tree,
    umask: process.umask(),
    sameOwner: options.sameOwner ?? false,
    modes: abilities.modes,
    holes: abilities.holes,
  };
  const tree = await contents.extract(treeOptions, options);
  throwIfAborted(signal);
  const links = tree.links.filter(({ path }) => !skipped.has(path));
  const whole = { ...tree, links };
  reportCopies(await makeLinks(whole, treeOptions, signal), options);
  const { left, ...gone } =
    selection === null ? { left: whole, files: 0, directories: 0 } : removeUnwanted(whole, selection, staging.tree);
  finishDirectories(left, treeOptions);
  if (selection !== null && merges) keepLiveAttributes(left, selection, staging.tree, staging.target);
  reportUnheldTimes(tree.unheldTimes, options);
  reportAbilities(abilities, options);
  const { previousState } = await commit(staging, {
    mode,
    forceRunning: options.forceRunning ?? false,
    top: topOf(plan, staging, treeOptions),
    snapshot: { name: options.name, createdAt: contents.manifest.created_at },
    owners: treeOptions.sameOwner,
    // A foreign archive need not name the directories that it fills.
    named: contents.sealed ? null : new Set(tree.directories.map((each) => each.path)),
    ...(signal === undefined ? {} : { signal }),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  const { statuses } = contents;
  return {
    stateDir: staging.target,
    manifest: contents.manifest,
    sealed: contents.sealed,
    restored: {
      entries: tree.files + tree.directories.length + links.length - gone.files - gone.directories,
      files: tree.files - gone.files,
      bytes: tree.bytes,
    },
    previousState,
    skippedLinks: [...skipped],
    statuses,
    complete: skipped.size === 0 && !statuses.some(({ status }) => isIncomplete(status)),
  };
}

/** Attributes of the restored state directory itself: those of the snapshot; where it has none or only a part is restored, those that the directory had. */
function topOf(
  { contents: { directory }, selection }: RestorePlan,
  { found, target }: Staging,
  { sameOwner, umask, modes }: TreeWriterOptions,
): TopAttributes {
  if (directory === null || selection !== null)
    return found.kind === 'missing' ? { mode: 0o777 & ~umask } : readTop(target);
  const { mode, mtime, mtime_ns, uid, gid } = directory;
  return {
    ...(modes ? { mode } : {}),
    mtimeNs: BigInt(mtime) * 1_000_000_000n + BigInt(mtime_ns),
    ...(sameOwner ? { uid, gid } : {}),
  };
}
