import { setImmediate } from 'node:timers/promises';
import { BackupError } from '../errors.ts';
import type { CaptureItem } from './capture-item.ts';
import type { CaptureReport } from './capture-report.ts';
import { Exclusions, type FileKey } from './exclusions.ts';
import { scanStateDir } from './scan.ts';
import { compileUserExcludes } from './user-excludes.ts';

export interface CaptureOptions {
  /** Patterns in gitignore's language. */
  excludes: readonly string[];
  /** The output: the open temporary file, and the file that it will replace. */
  output: readonly FileKey[];
  /** Whether a root `manifest.json` is that of a backup, which stays out; any other is an error. */
  isBackupManifest: (bytes: Uint8Array) => boolean;
  report: CaptureReport;
  /** Add up what directories that stay out hold. */
  measureLeftOut?: boolean;
  signal?: AbortSignal | undefined;
}

/** A batch is handed over at this many items, so that the event loop is not held up for long. */
const BATCH_ITEMS = 512;

/**
 * Everything of the state directory that goes into the snapshot, in its order, in batches. Goes on only as fast as it is
 * asked to.
 *
 * @param root absolute path of the state directory, from `openStateDir`
 * @throws BackupError `MANIFEST_NAME_TAKEN`, `PERMISSION`, `IO`, `ABORTED`
 */
export async function* captureState(root: string, options: CaptureOptions): AsyncGenerator<CaptureItem[], void, void> {
  const { excludes, output, isBackupManifest, report, measureLeftOut = false, signal } = options;
  const exclusions = new Exclusions(compileUserExcludes(excludes), output);
  let batch: CaptureItem[] = [];
  for (const item of scanStateDir(root, { exclusions, report, isBackupManifest, measureLeftOut })) {
    batch.push(item);
    if (batch.length < BATCH_ITEMS) continue;
    yield batch;
    batch = [];
    await setImmediate();
    throwIfAborted(signal);
  }
  if (batch.length > 0) yield batch;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new BackupError('ABORTED', 'the backup was interrupted', {
    hint: 'Nothing was published; run it again.',
    cause: signal.reason,
  });
}
