import os from 'node:os';
import path from 'node:path';
import type { CaptureItem } from '../capture/capture-item.ts';
import type { CaptureReport } from '../capture/capture-report.ts';
import { captureState } from '../capture/capture-state.ts';
import { waitForCoarseTick } from '../capture/coarse-clock.ts';
import { exclusionsOf } from '../capture/exclusions.ts';
import { type LateStatus, lookAgain } from '../capture/look-again.ts';
import { MappedFiles } from '../capture/mapped-files.ts';
import { noteOtherCase } from '../capture/near-excludes.ts';
import { SeenTree } from '../capture/seen-tree.ts';
import { isBackupManifest } from '../format/manifest.ts';
import type { CreateOptions } from './create-options.ts';
import type { OutputPlace } from './destination.ts';

/** The capture of a state directory, begun. */
export interface Capture {
  /** What goes in, in the order of the snapshot. */
  batches: AsyncGenerator<CaptureItem[], void, void>;
  seen: SeenTree;
  /** Finds what shows only when everything has been read. It must be known by then whether something is gone that was listed. */
  lookAgain: (isAnyDeleted: boolean) => AsyncGenerator<LateStatus, void, void>;
}

/** Where a run puts copies and the index, and all folders in which it puts anything: its own files are not state. */
export function foldersOf({ folder }: OutputPlace, { scratchDir }: CreateOptions): { scratch: string; all: string[] } {
  const output = folder ?? os.tmpdir();
  const scratch = path.resolve(scratchDir ?? output);
  return { scratch, all: [...new Set([output, scratch])] };
}

/**
 * Begins to capture a state directory for a snapshot: the run and its dry run alike.
 *
 * @param root absolute path of the state directory
 * @param scratch gives a private directory for copies of databases; null for a dry run, which copies and reads nothing
 */
export async function beginCapture(
  root: string,
  place: OutputPlace,
  report: CaptureReport,
  scratch: (() => string) | null,
  options: CreateOptions,
): Promise<Capture> {
  const { excludes = [], host, sqlite = 'auto', signal } = options;
  const exclusions = exclusionsOf(root, {
    excludes,
    output: place.files,
    folders: foldersOf(place, options).all,
    host,
  });
  noteOtherCase(root, excludes, report);
  const mapped = scratch === null ? MappedFiles.none : await MappedFiles.look();
  if (scratch !== null) await waitForCoarseTick(root, signal);
  const seen = new SeenTree();
  const batches = captureState(root, {
    ...{ exclusions, isBackupManifest, report, sqlite, signal },
    ...(scratch === null ? { dryRun: true, scratch: noScratch } : { seen, mapped, scratch }),
  });
  return {
    batches,
    seen,
    lookAgain: (isAnyDeleted) => lookAgain(root, { seen, mapped, exclusions, isAnyDeleted, signal }),
  };
}

function noScratch(): never {
  throw new Error('unreachable: a dry run copies nothing');
}
