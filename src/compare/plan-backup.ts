import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import type { CaptureItem } from '../capture/capture-item.ts';
import type { ExcludedPath } from '../capture/capture-report.ts';
import { captureState } from '../capture/capture-state.ts';
import { openStateDir } from '../capture/state-directory.ts';
import { systemReason } from '../capture/system-reason.ts';
import { CREATE_SHAPE, type CreateOptions } from '../create/create-options.ts';
import { refuseEmptyState } from '../create/empty-state.ts';
import { ReuseForecast } from '../create/reuse/reuse-forecast.ts';
import { type ReuseReport, ReuseSession } from '../create/reuse/reuse-session.ts';
import { sessionOptions } from '../create/reuse/session-options.ts';
import type { Notice } from '../events.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import { isBackupManifest, type ManifestSection } from '../format/manifest.ts';
import { checkArgument, checkOptions, optionsSchema, pathSchema, storeSchema } from '../options.ts';
import { findNeighbours, neighbourMessage } from '../state-dir/neighbours.ts';
import { CATEGORIES, sectionOf } from '../state-dir/sections.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import { isRemote } from '../storage/remote.ts';
import type { FileKey } from '../system/file-key.ts';
import { stableHostName } from '../system/host-name.ts';
import { throwIfAborted } from '../workers/abort.ts';

export interface PlanBackupOptions extends CreateOptions {
  /**
   * Where the snapshot would be written: a path, where a file that is there now would not go into it; or a folder, whose newest snapshot of the same
   * source would be the parent.
   *
   * @default none
   */
  output?: string | { folder: string };
}

const planBackupOptionsSchema = optionsSchema<PlanBackupOptions>({
  ...CREATE_SHAPE,
  output: z.union([pathSchema, z.object({ folder: pathSchema })], 'a path that is not empty, or { folder } with one'),
});

/** What a snapshot of a state directory would hold if it were made now. */
export interface BackupPlan {
  /** Absolute path of the state directory. */
  stateDir: string;
  /** The machine that the manifest would name. */
  hostname: string;
  /** What would go in. */
  totals: Omit<Totals, 'tar_bytes'>;
  sections: ManifestSection[];
  /** What would stay out on purpose, with sizes where they were looked at. */
  excluded: ExcludedPath[];
  /** What could not be had as things are: missing or inconsistent files that the snapshot would name. */
  incomplete: RecordedStatus[];
  notices: Notice[];
  /**
   * What would be copied from the parent without a look into the files; null without a parent. More may turn out to be the same when it is read:
   * `storedBytes`, the length of all that would be stored, is not known before, and is 0.
   */
  reuse: ReuseReport | null;
}

/**
 * Looks at a state directory as `createBackup` would, and writes nothing. Contents are not read, so what only reading finds out (a file that
 * keeps changing) is not foretold.
 *
 * @throws BackupError `STATE_DIR_MISSING`, `STATE_DIR_EMPTY`, `MANIFEST_NAME_TAKEN`, `PERMISSION`, `ABORTED`: `createBackup` would too
 */
export async function planBackup(store: StateStore, options: PlanBackupOptions = {}): Promise<BackupPlan> {
  checkArgument('store', storeSchema, store);
  checkOptions(planBackupOptionsSchema, options);
  const { root } = openStateDir(store.basePath);
  throwIfAborted(options.signal);
  const plan: BackupPlan = {
    stateDir: root,
    hostname: options.host ?? stableHostName(),
    totals: { entries: 0, files: 0, directories: 0, symlinks: 0, hard_links: 0, bytes: 0 },
    sections: [],
    excluded: [],
    incomplete: [],
    notices: [],
    reuse: null,
  };
  const session = await ReuseSession.open(sessionOptions(root, folderOf(options), false, options));
  try {
    await look(root, plan, session, options);
  } finally {
    await session.close();
  }
  return plan;
}

async function look(root: string, plan: BackupPlan, session: ReuseSession, options: PlanBackupOptions): Promise<void> {
  const { signal, onEvent } = options;
  const forecast = session.reuse === null ? null : new ReuseForecast(session.reuse);
  const sections = new Map<string, number>();
  const batches = captureState(root, {
    excludes: options.excludes ?? [],
    output: existing(options.output),
    folders: folders(options),
    isBackupManifest,
    dryRun: true,
    scratch: () => {
      throw new Error('unreachable: a dry run copies nothing');
    },
    signal,
    report: {
      excluded: (row) => plan.excluded.push(row),
      incomplete: (path, status, detail) => plan.incomplete.push({ path, status, detail }),
      notice: (path, message) => plan.notices.push({ path, message }),
    },
  });
  onEvent?.({ type: 'phase', phase: 'capture' });
  for await (const items of batches) {
    for (const item of items) {
      const loss = expectedMissing(item);
      if (loss !== null) {
        plan.incomplete.push(loss);
        continue;
      }
      count(plan.totals, item);
      await forecast?.add(item);
      const section = sectionOf(item.path);
      if (section !== null) sections.set(section, (sections.get(section) ?? 0) + 1);
    }
    const { entries, bytes } = plan.totals;
    onEvent?.({ type: 'progress', phase: 'capture', entries, bytes });
  }
  await forecast?.finish();
  plan.reuse = session.report(0, plan.totals.files);
  refuseEmptyState(root, plan.totals, plan.incomplete, options.allowEmpty);
  for (const neighbour of findNeighbours(root))
    plan.notices.push({ path: neighbour.directory, message: neighbourMessage(neighbour) });
  plan.sections = CATEGORIES.flatMap((name) => {
    const entryCount = sections.get(name);
    return entryCount === undefined ? [] : [{ name, entry_count: entryCount }];
  });
}

function folders({ output, scratchDir }: PlanBackupOptions): string[] {
  const folder = typeof output === 'object' ? output.folder : output === undefined ? null : dirname(output);
  return [...(folder === null ? [] : [folder]), ...(scratchDir === undefined ? [] : [scratchDir])];
}

/** The local folder that the snapshot would be put in under a name of its own. */
function folderOf({ output }: PlanBackupOptions): string | null {
  return typeof output === 'object' && !isRemote(output.folder) ? output.folder : null;
}

function existing(output: PlanBackupOptions['output']): FileKey[] {
  if (typeof output !== 'string') return [];
  const stat = statSync(output, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? [] : [stat];
}

function expectedMissing(item: CaptureItem): RecordedStatus | null {
  if (item.type !== 'file' || item.source.kind !== 'live') return null;
  try {
    accessSync(item.source.absolute, constants.R_OK);
    return null;
  } catch (error) {
    return { path: item.path, ...systemReason(error) };
  }
}

function count(totals: BackupPlan['totals'], item: CaptureItem): void {
  totals.entries++;
  if (item.type === 'directory') totals.directories++;
  else if (item.type === 'symlink') totals.symlinks++;
  else if (item.type === 'hardlink') totals.hard_links++;
  else {
    totals.files++;
    totals.bytes += item.size;
  }
}
