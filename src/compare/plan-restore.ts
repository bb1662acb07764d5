import path from 'node:path';
import { BackupError, type ErrorCode } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { isEmptySnapshot, type RecordedStatus, type Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { comparePaths, isBelow } from '../format/path-order.ts';
import { checkArgument, checkOptions, snapshotSchema, storeSchema } from '../options.ts';
import { compileSelection, type Selection } from '../patterns/selection.ts';
import { visitForeign } from '../read/foreign/read-foreign.ts';
import { type ForeignArchive, type OpenSnapshot, openSnapshot, type SealedSnapshot } from '../read/open-snapshot.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import { ReadPool } from '../read/read-pool.ts';
import { type ExternalLink, externalLinksError } from '../restore/external-links.ts';
import { checkSpace, type SpaceCheck, spaceError } from '../restore/free-space.ts';
import { isDirectoryBelow } from '../restore/live-directory.ts';
import { NameCollisions } from '../restore/name-collisions.ts';
import { mayGiveOwners, ownersError } from '../restore/owner-right.ts';
import { planSelection } from '../restore/plan-selection.ts';
import { emptySnapshotError, partialReplaceError } from '../restore/refusals.ts';
import { type RestoreOptions, restoreOptionsSchema } from '../restore/restore-backup.ts';
import { plannedEntries, type RestoreSize } from '../restore/restore-plan.ts';
import { type ValidatedSealed, validateForeignRestore, validateSealedRestore } from '../restore/validate-restore.ts';
import { RESERVED_DIRECTORY } from '../state-dir/artifact-names.ts';
import type { RestoreMode } from '../state-dir/commit/commit-tree.ts';
import { type Location, resolveTarget } from '../state-dir/location.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import { inspectTarget, isLeftInPlace } from '../state-dir/target-state.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import { HERE } from '../system/platform.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { asStored } from './as-stored.ts';
import type { Change } from './change.ts';
import type { SectionDifference } from './difference.ts';
import { liveTree } from './live-tree.ts';
import { NotKept } from './not-kept.ts';
import type { Notice } from './plan-backup.ts';
import { previewChanges } from './preview-changes.ts';
import { guessNameFolding, likelyLocation, nearestDirectory, targetRefusals } from './target-checks.ts';

/** The error that a restore would end in, as plain data. */
export interface Refusal {
  code: ErrorCode;
  /** What speaks against it, in one line. */
  message: string;
  /** The file or entry that it is about. */
  path?: string;
  /** One line: what to do about it. */
  hint?: string;
}

/** What a restore would do if it were run now. */
export interface RestorePreview {
  /** The state directory, as it really is (links resolved). */
  stateDir: string;
  mode: RestoreMode;
  manifest: Manifest;
  /** False for an archive from elsewhere, which carries no digests to be verified against. */
  sealed: boolean;
  /** What would be written. */
  restored: Omit<RestoreSize, 'holes'>;
  /**
   * From what stands there (`before`) to what would (`after`): `added`, `removed`, and `changed` for what is replaced by something that
   * differs. A file of the same size and time (to the microsecond) is taken for unchanged. In mode `create`, which refuses a
   * directory that has content, it is what `replace` would do.
   */
  changes: Change[];
  /** Sections with changes among their documents. */
  sections: SectionDifference[];
  /** `kept`: what a merge leaves as it stands. */
  totals: { added: number; removed: number; changed: number; unchanged: number; kept: number };
  space: SpaceCheck;
  /** Symbolic links that lead out of the state directory. */
  externalLinks: ExternalLink[];
  /** What will be another way than it was: owners, paths, platform. */
  notices: Notice[];
  /** Why the restore would be refused, first reason first. Empty when nothing speaks against it. */
  refusals: Refusal[];
  /** What the snapshot itself did not have clean at once. */
  statuses: RecordedStatus[];
}

interface Decided {
  extent: RestoreSize;
  external: ExternalLink[];
  /** All that the snapshot holds. */
  holds: Pick<Totals, 'files' | 'symlinks'>;
  entries: () => EntryRuns;
}

/**
 * Decides everything that `restoreBackup` decides before it writes, and writes nothing: takes no lock, makes no directory. The
 * contents of the snapshot are not verified (`verifySnapshot`).
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError when there is no plan to speak of: the snapshot cannot be read or is not valid, it holds nothing of what was asked
 *   for, the target cannot be a state directory. Whatever else a restore would be refused for is in `refusals`.
 */
export async function planRestore(
  store: StateStore,
  snapshot: SnapshotInput,
  options: RestoreOptions = {},
): Promise<RestorePreview> {
  checkArgument('store', storeSchema, store);
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkOptions(restoreOptionsSchema, options);
  const { mode = 'create', signal, onEvent } = options;
  const selection = compileSelection(options);
  if (selection !== null && mode === 'replace') throw partialReplaceError();
  throwIfAborted(signal);
  const location = likelyLocation(resolveTarget(store.basePath));
  const refusals = await targetRefusals(location, options);
  const source = await openReader(snapshot, { signal });
  try {
    onEvent?.({ type: 'phase', phase: 'check' });
    const opened = await openSnapshot(source);
    const decided = await decide(opened, selection, options);
    const notKept = new NotKept({
      platform: HERE.os,
      stateDirs: [location.target, path.resolve(store.basePath)],
      user: userOf(process),
      sameOwner: options.sameOwner ?? false,
    });
    const directory = nearestDirectory(location.directory);
    const folding = guessNameFolding(directory);
    const collisions = folding.case ? new NameCollisions(folding) : null;
    let collision: BackupError | null = null;
    async function* planned(): EntryRuns {
      const coming = selection === null ? null : new ComingEntries(selection, location.target);
      for await (const run of decided.entries()) {
        const entries = coming?.take(run) ?? run;
        for (const entry of entries) {
          notKept.see(entry);
          if (collisions !== null) collision ??= collisionOf(collisions, entry.path);
        }
        yield entries;
      }
    }
    const content = inspectTarget(location).kind === 'content';
    const previewed = await previewChanges(
      location.target,
      content ? liveTree(location.target, (name) => isLeft(name, location)) : [],
      mode === 'merge' && content ? asStored(location.target, decided.entries(), planned()) : planned(),
      mode === 'merge',
      opened.kind === 'sealed' ? 1000 : 1_000_000_000,
      options,
    );
    const space = checkSpace(directory, decided.extent);
    const { external } = decided;
    const { entries, files, bytes } = decided.extent;
    const { added, removed, changed, unchanged } = previewed.totals;
    return {
      stateDir: location.target,
      mode,
      manifest: opened.manifest,
      sealed: opened.kind === 'sealed',
      restored: { entries, files, bytes },
      changes: previewed.changes,
      sections: previewed.sections,
      totals: { added, removed, changed, unchanged, kept: previewed.kept },
      space,
      externalLinks: external,
      notices: notKept.notices(opened.manifest, external),
      refusals: [
        ...refusals,
        isEmptySnapshot(decided.holds) && options.allowEmpty !== true ? emptySnapshotError() : null,
        external.length > 0 && (options.externalLinks ?? 'refuse') === 'refuse' ? externalLinksError(external) : null,
        spaceError(directory, space),
        collision,
        options.sameOwner === true && !mayGiveOwners() ? ownersError() : null,
      ].flatMap((error) => (error === null ? [] : [refusalOf(error)])),
      statuses: opened.kind === 'sealed' ? opened.root.statuses : [],
    };
  } finally {
    await source.close();
  }
}

/**
 * What a part of a snapshot brings: what is wanted, and the directories on the way to it that are not there yet. What it needs
 * besides, files that hard links are other names of and the way to those, does not come.
 */
class ComingEntries {
  readonly #selection: Selection;
  readonly #live: string;
  #way: Entry[] = [];

  constructor(selection: Selection, live: string) {
    this.#selection = selection;
    this.#live = live;
  }

  /** @returns those of the next entries that come */
  take(entries: readonly Entry[]): Entry[] {
    const coming: Entry[] = [];
    for (const entry of entries) {
      this.#way = this.#way.filter(({ path: parent }) => isBelow(entry.path, parent));
      if (this.#selection.wants(entry.path, entry.type === 'directory')) {
        coming.push(...this.#way, entry);
        this.#way = [];
      } else if (entry.type === 'directory' && !isDirectoryBelow(this.#live, entry.path)) {
        this.#way.push(entry);
      }
    }
    return coming;
  }
}

function decide(opened: OpenSnapshot, selection: Selection | null, options: RestoreOptions): Promise<Decided> {
  return opened.kind === 'sealed'
    ? decideOnSealed(opened, selection, options)
    : decideOnForeign(opened, selection, options);
}

async function decideOnSealed(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  { signal, threads }: RestoreOptions,
): Promise<Decided> {
  const { plan, external } =
    selection === null
      ? await decideOnAll(snapshot, threads, signal)
      : await planSelection(snapshot, selection, HERE.os);
  const { entries, files, bytes, holes } = plan;
  return {
    extent: { entries, files, bytes, holes },
    external,
    holds: snapshot.root.totals,
    entries: () => plannedEntries(snapshot, plan),
  };
}

async function decideOnAll(
  snapshot: SealedSnapshot,
  threads: number | undefined,
  signal: AbortSignal | undefined,
): Promise<ValidatedSealed> {
  const pool = await ReadPool.start(snapshot, HERE.os, { threads });
  try {
    return await validateSealedRestore(snapshot, null, pool, signal);
  } finally {
    await pool.close();
  }
}

async function decideOnForeign(
  snapshot: ForeignArchive,
  selection: Selection | null,
  { signal }: RestoreOptions,
): Promise<Decided> {
  const { survey, external } = await validateForeignRestore(snapshot, selection, signal);
  const planned: Entry[] = [];
  const collector = {
    begin(entry: Entry) {
      const wanted = selection?.wants(entry.path, entry.type === 'directory') ?? true;
      if (wanted || survey.extra.has(entry.path)) planned.push(entry);
    },
    part() {},
    end() {},
  };
  await visitForeign(snapshot.source, collector, HERE.os, signal);
  planned.sort((a, b) => comparePaths(a.path, b.path));
  const { entries, files, bytes, holes } = survey;
  return {
    extent: { entries, files, bytes, holes },
    external,
    holds: survey.book.validator.counts,
    entries: () => oneRun(planned),
  };
}

async function* oneRun(entries: readonly Entry[]): EntryRuns {
  yield entries;
}

function refusalOf({ code, message, path, hint }: BackupError): Refusal {
  return { code, message, ...(path === undefined ? {} : { path }), ...(hint === undefined ? {} : { hint }) };
}

function isLeft(name: string, { strategy }: Location): boolean {
  return name === RESERVED_DIRECTORY || (strategy === 'children' && isLeftInPlace(name));
}

function userOf({ geteuid, getegid }: NodeJS.Process): { uid: number; gid: number } | null {
  return geteuid === undefined || getegid === undefined ? null : { uid: geteuid(), gid: getegid() };
}

function collisionOf(collisions: NameCollisions, entryPath: string): BackupError | null {
  try {
    collisions.add(entryPath);
    return null;
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
}
