import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CaptureItem } from '../capture/capture-item.ts';
import type { ExcludedPath } from '../capture/capture-report.ts';
import { captureState } from '../capture/capture-state.ts';
import { openStateDir } from '../capture/state-directory.ts';
import { systemReason } from '../capture/system-reason.ts';
import { CREATE_SHAPE, type CreateOptions } from '../create/create-options.ts';
import { refuseEmptyState } from '../create/empty-state.ts';
import type { Notice } from '../events.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import { isBackupManifest, type ManifestSection } from '../format/manifest.ts';
import { checkArgument, checkOptions, optionsSchema, pathSchema, storeSchema } from '../options.ts';
import { findNeighbours, neighbourMessage } from '../state-dir/neighbours.ts';
import { CATEGORIES, sectionOf } from '../state-dir/sections.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import type { FileKey } from '../system/file-key.ts';
import { stableHostName } from '../system/host-name.ts';
import { throwIfAborted } from '../workers/abort.ts';

export interface PlanBackupOptions extends CreateOptions {
  /**
   * Where the snapshot would be written: a file there now would not go into it.
   *
   * @default none
   */
  output?: string;
}

const planBackupOptionsSchema = optionsSchema<PlanBackupOptions>({ ...CREATE_SHAPE, output: pathSchema });

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
  const { signal, onEvent } = options;
  const { root } = openStateDir(store.basePath);
  throwIfAborted(signal);
  const plan: BackupPlan = {
    stateDir: root,
    hostname: options.host ?? stableHostName(),
    totals: { entries: 0, files: 0, directories: 0, symlinks: 0, hard_links: 0, bytes: 0 },
    sections: [],
    excluded: [],
    incomplete: [],
    notices: [],
  };
  const sections = new Map<string, number>();
  const batches = captureState(root, {
    excludes: options.excludes ?? [],
    output: options.output === undefined ? [] : existing(options.output),
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
      const section = sectionOf(item.path);
      if (section !== null) sections.set(section, (sections.get(section) ?? 0) + 1);
    }
    const { entries, bytes } = plan.totals;
    onEvent?.({ type: 'progress', phase: 'capture', entries, bytes });
  }
  refuseEmptyState(root, plan.totals, plan.incomplete, options.allowEmpty);
  for (const neighbour of findNeighbours(root))
    plan.notices.push({ path: neighbour.directory, message: neighbourMessage(neighbour) });
  plan.sections = CATEGORIES.flatMap((name) => {
    const entryCount = sections.get(name);
    return entryCount === undefined ? [] : [{ name, entry_count: entryCount }];
  });
  return plan;
}

function folders({ output, scratchDir }: PlanBackupOptions): string[] {
  return [...(output === undefined ? [] : [dirname(output)]), ...(scratchDir === undefined ? [] : [scratchDir])];
}

function existing(output: string): FileKey[] {
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
