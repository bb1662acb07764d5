import path from 'node:path';
import type { BackupError, ErrorCode } from '../errors.ts';
import type { Notice } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { isBelow } from '../format/path-order.ts';
import { checkOptions, stateDirPath } from '../options.ts';
import { compileSelection, type Selection } from '../patterns/selection.ts';
import { openSnapshot } from '../read/open-snapshot.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import { destinationRefusals, type InspectedDestination, inspectDestination } from '../restore/destination.ts';
import type { ExternalLink } from '../restore/external-links.ts';
import type { SpaceCheck } from '../restore/free-space.ts';
import { isDirectoryBelow } from '../restore/live-directory.ts';
import { NotKept } from '../restore/not-kept.ts';
import { mayGiveOwners, ownersError } from '../restore/owner-right.ts';
import { planRestoreTo } from '../restore/plan-restore.ts';
import { partialReplaceError } from '../restore/refusals.ts';
import type { RestorePlan } from '../restore/restore-plan.ts';
import {
  type RestoreOptions,
  type RestoreSnapshotOptions,
  restoreSnapshotSchema,
} from '../restore/restore-snapshot.ts';
import { RESERVED_DIRECTORY } from '../state-dir/artifact-names.ts';
import type { RestoreMode } from '../state-dir/commit/commit-tree.ts';
import { isLeftInPlace } from '../state-dir/target-state.ts';
import { openReader } from '../storage/open-reader.ts';
import { HERE } from '../system/platform.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { asStored } from './as-stored.ts';
import type { Change } from './change.ts';
import type { SectionDifference } from './difference.ts';
import { liveTree } from './live-tree.ts';
import { type PreviewedChanges, previewChanges } from './preview-changes.ts';

/** The error that a restore would end in, as plain data. */
export interface Refusal {
  /** Code of the error. */
  code: ErrorCode;
  /** Why the restore would be refused, in one line. */
  message: string;
  /** The file or entry that it is about. */
  path?: string;
  /** One line: what to do about it. */
  hint?: string;
}

/** What a restore would do if it were run now. */
export interface RestorePreview {
  /** Path of the state directory, symbolic links resolved. */
  stateDir: string;
  /** The mode that was asked for. */
  mode: RestoreMode;
  /** The manifest of the snapshot. */
  manifest: Manifest;
  /** False for a foreign archive, which has no digests to be verified against. */
  sealed: boolean;
  /** What would be written; `bytes` of contents, uncompressed. */
  restored: { entries: number; files: number; bytes: number };
  /**
   * From what exists now (`before`) to what would exist then (`after`): `added`, `removed`, and `changed` for what would be replaced by
   * something else. A file of the same size and time (to the microsecond) counts as unchanged. In mode `create`, which refuses a
   * directory that has content, it is what `replace` would do.
   */
  changes: Change[];
  /** Sections with changes among their documents. */
  sections: SectionDifference[];
  /** The same of what no section counts: with the sections it sums up to `added`, `removed` and `changed` of `totals`. */
  outsideSections: Omit<SectionDifference, 'name'>;
  /** Numbers of entries. `kept`: what a merge does not touch. */
  totals: { added: number; removed: number; changed: number; unchanged: number; kept: number };
  /** Free space, beside what is needed. */
  space: SpaceCheck;
  /** Symbolic links that lead out of the state directory. */
  externalLinks: ExternalLink[];
  /** What will differ from the snapshot, or from where it was made: owners, paths, platform. */
  notices: Notice[];
  /** Why the restore would be refused, the first reason first. Empty if it would not be. */
  refusals: Refusal[];
  /** Every file whose status in the snapshot is not `ok`. */
  statuses: RecordedStatus[];
}

/**
 * Decides everything that `restoreSnapshot` decides before it writes, and writes nothing: it takes no lock and makes no directory. The
 * contents of the snapshot are not verified; `verifySnapshot` does that.
 *
 * @throws BackupError when no plan can be made: the snapshot cannot be read or is not valid, it holds nothing of what was asked for, or the
 *   target cannot be a state directory. Any other reason for which a restore would be refused is in `refusals`.
 */
export async function planRestore(options: RestoreSnapshotOptions): Promise<RestorePreview> {
  checkOptions(restoreSnapshotSchema, options);
  const stateDir = stateDirPath(options.stateDir);
  const { mode = 'create', signal, onEvent } = options;
  const selection = compileSelection(options);
  if (selection !== null && mode === 'replace') throw partialReplaceError();
  throwIfAborted(signal);
  const source = await openReader(options.snapshot, { signal });
  try {
    const destination = inspectDestination(stateDir);
    const refusals: BackupError[] = options.sameOwner === true && !mayGiveOwners() ? [ownersError()] : [];
    refusals.push(...(await destinationRefusals(destination, { ...options, partial: selection !== null })));
    onEvent?.({ type: 'phase', phase: 'check' });
    const plan = await planRestoreTo(destination, await openSnapshot(source), selection, options);
    const { contents } = plan;
    try {
      const notKept = new NotKept({
        platform: HERE.os,
        stateDirs: [destination.target, path.resolve(stateDir)],
        user: userOf(process),
        sameOwner: options.sameOwner ?? false,
      });
      const { changes, sections, outsideSections, totals, kept } = await changesOf(plan, destination, notKept, options);
      for await (const refusal of plan.refusals()) refusals.push(refusal);
      const { added, removed, changed, unchanged } = totals;
      const { entries, files, bytes } = contents.size;
      return {
        stateDir: destination.target,
        mode,
        manifest: contents.manifest,
        sealed: contents.sealed,
        restored: { entries, files, bytes },
        changes,
        sections,
        outsideSections,
        totals: { added, removed, changed, unchanged, kept },
        space: plan.space,
        externalLinks: contents.external,
        notices: [...contents.notices, ...notKept.notices(contents.manifest, contents.external)],
        refusals: refusals.map(refusalOf),
        statuses: contents.statuses,
      };
    } finally {
      await contents.close();
    }
  } finally {
    await source.close();
  }
}

/** @param notKept is shown every entry that would be written */
async function changesOf(
  { contents, selection, mode, merges }: RestorePlan,
  { location, target, hasContent }: InspectedDestination,
  notKept: NotKept,
  options: RestoreOptions,
): Promise<PreviewedChanges> {
  async function* coming(): EntryRuns {
    const part = selection === null ? null : new ComingEntries(selection, target);
    for await (const run of contents.entries()) {
      const entries = part?.take(run) ?? run;
      for (const entry of entries) notKept.see(entry);
      yield entries;
    }
  }
  const isLeft = (name: string) => name === RESERVED_DIRECTORY || isLeftInPlace(name, location);
  return previewChanges(
    target,
    hasContent ? liveTree(target, isLeft) : [],
    merges ? asStored(target, contents.entries(), coming()) : coming(),
    mode === 'merge',
    contents.timeUnit,
    options,
  );
}

/**
 * What a restore of a part writes: what is wanted, and the directories on the way to it that are not there yet. What it needs
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

function refusalOf({ code, message, path, hint }: BackupError): Refusal {
  return { code, message, ...(path === undefined ? {} : { path }), ...(hint === undefined ? {} : { hint }) };
}

function userOf({ geteuid, getegid }: NodeJS.Process): { uid: number; gid: number } | null {
  return geteuid === undefined || getegid === undefined ? null : { uid: geteuid(), gid: getegid() };
}
