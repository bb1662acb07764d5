import { accessSync, constants } from 'node:fs';
import type { CaptureItem } from '../capture/capture-item.ts';
import type { ExcludedPath } from '../capture/capture-report.ts';
import { openStateDir } from '../capture/state-directory.ts';
import { systemReason } from '../capture/system-reason.ts';
import type { Notice } from '../events.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { ManifestSection } from '../format/manifest.ts';
import { checkOptions, optionsSchema, outputSchema, stateDirPath, stateDirSchema } from '../options.ts';
import { findNeighbours, type Neighbour } from '../state-dir/neighbours.ts';
import { assertRecovered } from '../state-dir/recover/needs-recovery.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import { fromSystemError, isSystemError } from '../system-errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { beginCapture } from './begin-capture.ts';
import { CaptureRecord } from './capture-record.ts';
import { CREATE_SHAPE, type CreateOptions, type CreateOutput, plainOutput } from './create-options.ts';
import { lookAtDestination, type OutputPlace } from './destination.ts';
import { EntryTotals } from './entry-totals.ts';
import { entryOf, timeStatus } from './item-entry.ts';
import { refuseBeyondLimits } from './limits.ts';
import { encodeHead, factsOf, manifestOf } from './manifest-facts.ts';
import { ReuseForecast } from './reuse/reuse-forecast.ts';
import { type ReuseReport, ReuseSession } from './reuse/reuse-session.ts';
import { sessionOptions } from './reuse/session-options.ts';

/** Options of `planSnapshot`. */
export interface PlanSnapshotOptions extends CreateOptions {
  /** Path or `file:` URL of the state directory, or its `StateStore`. */
  stateDir: string | URL | StateStore;
  /**
   * Where the snapshot would be written to. A file that is there now would not be in the snapshot. Of a folder, the newest snapshot of the
   * same source would be the parent.
   *
   * @default as to a stream
   */
  output?: CreateOutput;
}

const planSnapshotSchema = optionsSchema<PlanSnapshotOptions>(
  { ...CREATE_SHAPE, stateDir: stateDirSchema, output: outputSchema },
  ['stateDir'],
);

/** What a snapshot of a state directory would hold if it were made now. */
export interface SnapshotPlan {
  /** Absolute path of the state directory. */
  stateDir: string;
  /** Name of the machine that the manifest would have. */
  hostname: string;
  /** What the snapshot would hold. */
  totals: Omit<Totals, 'tarBytes'>;
  /** Sections that the manifest would count. */
  sections: ManifestSection[];
  /** What would be excluded on purpose, with sizes as far as they are known. */
  excluded: ExcludedPath[];
  /** Files that would be missing as things are now. */
  incomplete: RecordedStatus[];
  /** What the user should know. */
  notices: Notice[];
  /** State of Oxios beside the default state directory, which would not be in the snapshot. */
  neighbours: Neighbour[];
  /**
   * What would be copied from the parent without reading the files; null without a parent. More may be found to be the same when files are
   * read. `storedBytes` is not known before, and is 0.
   */
  reuse: ReuseReport | null;
}

/**
 * Plans a snapshot by the rules of `createSnapshot`, and writes nothing. Contents are not read, so a file that keeps changing is not found. No
 * lock is taken, and no request is sent to object storage.
 *
 * @throws BackupError where `createSnapshot` would, too: `STATE_DIR_MISSING`, `STATE_DIR_EMPTY`, `MANIFEST_NAME_TAKEN`, `NEEDS_RECOVERY`,
 *   `STATE_DIR_LOCKED`, `LIMIT_EXCEEDED`, `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `PERMISSION`, `USAGE`, `ABORTED`
 */
export async function planSnapshot(options: PlanSnapshotOptions): Promise<SnapshotPlan> {
  checkOptions(planSnapshotSchema, options);
  const stateDir = stateDirPath(options.stateDir);
  throwIfAborted(options.signal);
  try {
    await assertRecovered(stateDir, null);
    const { root } = openStateDir(stateDir);
    const output = options.output === undefined ? undefined : plainOutput(options.output);
    const place = lookAtDestination(output, options);
    const beside = typeof output === 'object' && 'folder' in output ? place.folder : null;
    const session = await ReuseSession.open(sessionOptions(root, beside, false, options));
    try {
      return await planCapture(root, place, session, options);
    } finally {
      await session.close();
    }
  } catch (error) {
    throw isSystemError(error) ? fromSystemError(error, 'plan the snapshot', stateDir) : error;
  }
}

async function planCapture(
  root: string,
  place: OutputPlace,
  session: ReuseSession,
  options: PlanSnapshotOptions,
): Promise<SnapshotPlan> {
  const { allowEmpty, onEvent, signal } = options;
  const facts = await factsOf(root, options.createdAt ?? new Date(), options);
  encodeHead(facts, null);
  const notices: Notice[] = [];
  const record = new CaptureRecord({
    ...{ root, allowEmpty },
    onStatus: () => {},
    onNotice: (message, path) => notices.push({ ...(path !== undefined && { path }), message }),
  });
  const { batches } = await beginCapture(root, place, record.report, null, options);
  const counted = new EntryTotals();
  const forecast = session.reuse === null ? null : new ReuseForecast(session.reuse);
  onEvent?.({ type: 'phase', phase: 'capture' });
  for await (const items of batches) {
    throwIfAborted(signal);
    for (const item of items) {
      refuseBeyondLimits(item);
      const status = expectedMissing(item);
      const said = status ?? timeStatus(item, null);
      if (said !== null) record.add(said);
      if (status !== null) continue;
      const entry = entryOf(item, item.type === 'file' ? item.size : 0, null, undefined);
      counted.add(entry);
      record.sawEntry(entry);
      await forecast?.add(item);
    }
    const { entries, bytes } = counted.totals;
    onEvent?.({ type: 'progress', phase: 'capture', entries, bytes });
  }
  await forecast?.finish();
  record.finishEntries(counted.totals);
  const { tarBytes: _, ...totals } = counted.totals;
  const { sections } = manifestOf(facts, counted);
  return {
    ...{ stateDir: root, hostname: facts.host, totals, sections, notices, neighbours: findNeighbours(root) },
    ...{ excluded: record.excluded, incomplete: record.statuses() },
    reuse: session.report(0, totals.files),
  };
}

/** What reading an item would end with, as far as its permissions show; all names of a file have the same. */
function expectedMissing(item: CaptureItem): RecordedStatus | null {
  if ((item.type !== 'file' && item.type !== 'hardlink') || item.source.kind !== 'live') return null;
  try {
    accessSync(item.source.absolute, constants.R_OK);
    return null;
  } catch (error) {
    return { path: item.path, ...systemReason(error) };
  }
}
