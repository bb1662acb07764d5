import path from 'node:path';
import { fromSystemError, isSystemError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import { isIncomplete } from '../format/file-status.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import {
  checkArgument,
  checkOptions,
  flagSchema,
  OPERATION_SHAPE,
  oneOfSchema,
  optionsSchema,
  snapshotSchema,
  storeSchema,
  threadsSchema,
} from '../options.ts';
import { compileSelection, SELECTION_SHAPE, type Selection, type SelectionOptions } from '../patterns/selection.ts';
import { type ForeignArchive, type OpenSnapshot, openSnapshot, type SealedSnapshot } from '../read/open-snapshot.ts';
import { blocksFor } from '../read/read-entries.ts';
import { commit, type RestoreMode } from '../state-dir/commit/commit-tree.ts';
import { acquireStateLock } from '../state-dir/lock/lock.ts';
import { assertNotRunning, RUNNING_SHAPE, type RunningOptions } from '../state-dir/lock/not-running.ts';
import { openStaging, type Staging } from '../state-dir/staging/staging.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import { notEmptyError } from '../state-dir/target-state.ts';
import { readTop, type TopAttributes } from '../state-dir/top-attributes.ts';
import type { SnapshotOrigin } from '../state-dir/undo/history.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import { tellUnheldTimes } from '../system/entry-time.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { finishDirectories, makeLinks } from './complete-tree.ts';
import type { ExternalLink, ExternalLinks } from './external-links.ts';
import { extractForeign } from './extract-foreign.ts';
import { extractSealed, startRestorePool } from './extract-sealed.ts';
import { tellCopies } from './hard-links.ts';
import { mayGiveOwners, ownersError } from './owner-right.ts';
import { partialReplaceError, refuseEmpty } from './refusals.ts';
import {
  pathsOf,
  refuseCollisions,
  refuseExternal,
  refuseSymlinks,
  refuseTooLarge,
  symlinksIn,
} from './refuse-restore.ts';
import { plannedEntries } from './restore-plan.ts';
import { bytesOfCopies, probeAbilities, type TargetAbilities, tellAbilities } from './target-abilities.ts';
import { refuseLongMerge, refuseNames } from './target-names.ts';
import type { ExtractedTree, TreeWriterOptions } from './tree-writer.ts';
import { keepLiveAttributes, removeUnwanted } from './trim-to-selection.ts';
import { validateForeignRestore, validateSealedRestore } from './validate-restore.ts';

export interface RestoreOptions extends OperationOptions, SelectionOptions, RunningOptions {
  /**
   * What happens to a state directory that has content: `create` refuses it; `replace` makes it exactly the snapshot and keeps the old tree beside
   * it; `merge` lets what the snapshot holds take the places of what stands there, touches nothing else, and keeps what it replaced.
   *
   * @default 'create'
   */
  mode?: RestoreMode;
  /**
   * Whether a snapshot that holds neither a file nor a symbolic link is restored.
   *
   * @default false
   */
  allowEmpty?: boolean;
  /** @default 'refuse' */
  externalLinks?: ExternalLinks;
  /**
   * Give everything the owner and group that the snapshot names, by number. Only root can; it is `USAGE` for anybody else.
   *
   * @default false
   */
  sameOwner?: boolean;
  /**
   * Worker threads.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
}

export const restoreOptionsSchema = optionsSchema<RestoreOptions>({
  ...OPERATION_SHAPE,
  ...SELECTION_SHAPE,
  mode: oneOfSchema(['create', 'replace', 'merge']),
  allowEmpty: flagSchema,
  externalLinks: oneOfSchema(['refuse', 'keep', 'skip']),
  sameOwner: flagSchema,
  ...RUNNING_SHAPE,
  threads: threadsSchema,
});

/** A state directory that was restored. */
export interface RestoreResult {
  /** The state directory, as it really is (links resolved). */
  stateDir: string;
  manifest: Manifest;
  /** False for an archive from elsewhere, which carries no digests to be verified against. */
  sealed: boolean;
  /** What was written. */
  restored: { entries: number; files: number; bytes: number };
  /** Where what was live before is kept: the whole tree, or what a merge took out; null if there was nothing. */
  previousState: string | null;
  /** Symbolic links that were left out, by `externalLinks: 'skip'`. */
  skippedLinks: string[];
  /** What the snapshot itself did not have clean at once. */
  statuses: RecordedStatus[];
  /** False when links were left out or the snapshot names losses. */
  complete: boolean;
}

/**
 * Brings a state directory back from a snapshot. The snapshot is verified first, manifest, index, then every byte; all of it is written to
 * a directory beside the state directory, which is untouched until that tree takes its place as a whole.
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError when nothing was changed
 */
export async function restoreBackup(
  store: StateStore,
  snapshot: SnapshotInput,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  checkArgument('store', storeSchema, store);
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkOptions(restoreOptionsSchema, options);
  const { mode = 'create', signal } = options;
  const selection = compileSelection(options);
  if (selection !== null && mode === 'replace') throw partialReplaceError();
  if (options.sameOwner === true && !mayGiveOwners()) throw ownersError();
  throwIfAborted(signal);
  const lock = await acquireStateLock(store.basePath, 'oxios-backup restore', {
    makeParents: true,
    ...(options.onEvent && { onEvent: options.onEvent }),
  });
  try {
    await assertNotRunning(lock.location.target, options);
    const staging = await openStaging(lock, options);
    try {
      if (mode === 'create' && !staging.found.isVacant) throw notEmptyError(staging.target);
      return await restoreInto(staging, snapshot, selection, mode, options);
    } catch (error) {
      throw isSystemError(error) ? fromSystemError(error, 'restore the snapshot', staging.target) : error;
    } finally {
      await staging.discard();
    }
  } finally {
    await lock.release();
  }
}

async function restoreInto(
  staging: Staging,
  snapshot: SnapshotInput,
  selection: Selection | null,
  mode: RestoreMode,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { signal, onEvent, externalLinks = 'refuse' } = options;
  const source = await openReader(snapshot, { spoolDir: staging.lock.location.directory, signal });
  try {
    onEvent?.({ type: 'phase', phase: 'check' });
    const opened = await openSnapshot(source);
    const abilities = probeAbilities(staging.tree);
    const treeOptions: TreeWriterOptions = {
      root: staging.tree,
      umask: process.umask(),
      sameOwner: options.sameOwner ?? false,
      modes: abilities.modes,
      holes: abilities.holes,
    };
    const extract = opened.kind === 'sealed' ? extractOfSealed : extractOfForeign;
    const { tree, external } = await extract(
      opened as never,
      selection,
      treeOptions,
      { abilities, target: staging.target, merges: mode === 'merge' && staging.found.kind === 'content' },
      options,
    );
    throwIfAborted(signal);
    const skipped = new Set(externalLinks === 'skip' ? external.map(({ path }) => path) : []);
    const links = tree.links.filter(({ path }) => !skipped.has(path));
    const whole = { ...tree, links };
    tellCopies(await makeLinks(whole, treeOptions, signal), options);
    const { left, ...gone } =
      selection === null ? { left: whole, files: 0, directories: 0 } : removeUnwanted(whole, selection, staging.tree);
    finishDirectories(left, treeOptions);
    if (selection !== null && mode === 'merge' && staging.found.kind === 'content')
      keepLiveAttributes(left, selection, staging.tree, staging.target);
    tellUnheldTimes(tree.unheldTimes, options);
    tellAbilities(abilities, options);
    const { previousState } = await commit(staging, {
      mode,
      forceRunning: options.forceRunning ?? false,
      top: topOf(opened, selection, staging, treeOptions),
      snapshot: originOf(snapshot, source.name, opened.manifest),
      owners: treeOptions.sameOwner,
      // An archive from elsewhere need not name the directories that it fills.
      named: opened.kind === 'foreign' ? new Set(tree.directories.map((each) => each.path)) : null,
      ...(signal === undefined ? {} : { signal }),
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    const statuses = opened.kind === 'sealed' ? opened.root.statuses : [];
    return {
      stateDir: staging.target,
      manifest: opened.manifest,
      sealed: opened.kind === 'sealed',
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
  } finally {
    await source.close();
  }
}

interface Destination {
  /** The state directory. */
  target: string;
  abilities: TargetAbilities;
  /** Whether what stands there stays, but for what the snapshot holds. */
  merges: boolean;
}

function originOf(snapshot: SnapshotInput, name: string, { created_at }: Manifest): SnapshotOrigin {
  return { name: typeof snapshot === 'string' ? path.basename(name) : null, createdAt: created_at };
}

interface Extraction {
  tree: ExtractedTree;
  external: ExternalLink[];
}

async function extractOfSealed(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  tree: TreeWriterOptions,
  { abilities, target, merges }: Destination,
  options: RestoreOptions,
): Promise<Extraction> {
  const { threads, signal } = options;
  const pool = await startRestorePool(snapshot, threads, blocksFor(snapshot, selection));
  try {
    const { plan, external, unusual } = await validateSealedRestore(snapshot, selection, pool, signal);
    refuseEmpty(snapshot.root.totals, options.allowEmpty);
    refuseExternal(external, options);
    refuseNames(tree.root, target, unusual);
    if (merges) refuseLongMerge(tree.root, unusual);
    const entries = () => plannedEntries(snapshot, plan);
    if (!abilities.symlinks) refuseSymlinks(await symlinksIn(entries()), external, tree.root, options);
    const copies = abilities.hardLinks ? 0 : await bytesOfCopies(entries);
    refuseTooLarge(tree.root, abilities.holes ? plan : { ...plan, holes: 0 }, copies);
    await refuseCollisions(tree.root, () => pathsOf(entries()));
    return { tree: await extractSealed(snapshot, pool, plan, tree, options), external };
  } finally {
    await pool.close();
  }
}

async function extractOfForeign(
  snapshot: ForeignArchive,
  selection: Selection | null,
  tree: TreeWriterOptions,
  { abilities, target, merges }: Destination,
  options: RestoreOptions,
): Promise<Extraction> {
  const { survey, external } = await validateForeignRestore(snapshot, selection, options.signal);
  for (const notice of survey.book.notices()) options.onEvent?.({ type: 'notice', ...notice });
  refuseEmpty(survey.book.validator.counts, options.allowEmpty);
  refuseExternal(external, options);
  refuseNames(tree.root, target, survey.unusual);
  if (merges) refuseLongMerge(tree.root, survey.unusual);
  if (!abilities.symlinks) {
    const links = [...survey.book.validator.symlinks.keys()].filter((path) => selection?.wants(path, false) ?? true);
    refuseSymlinks(links, external, tree.root, options);
  }
  refuseTooLarge(tree.root, abilities.holes ? survey : { ...survey, holes: 0 }, 0);
  await refuseCollisions(tree.root, () => [survey.book.paths()]);
  return { tree: await extractForeign(snapshot, selection, survey, tree, options), external };
}

/** Attributes of the restored state directory itself: the snapshot's, or where it brings none or not all of the tree, those of what stood there. */
function topOf(
  opened: OpenSnapshot,
  selection: Selection | null,
  { found, target }: Staging,
  { sameOwner, umask, modes }: TreeWriterOptions,
): TopAttributes {
  if (opened.kind === 'foreign' || selection !== null)
    return found.kind === 'missing' ? { mode: 0o777 & ~umask } : readTop(target);
  const { mode, mtime, mtime_ns, uid, gid } = opened.root.directory;
  return {
    ...(modes ? { mode } : {}),
    mtimeNs: BigInt(mtime) * 1_000_000_000n + BigInt(mtime_ns),
    ...(sameOwner ? { uid, gid } : {}),
  };
}
