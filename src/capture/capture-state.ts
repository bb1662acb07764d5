import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../workers/abort.ts';
import type { CaptureItem } from './capture-item.ts';
import type { CaptureReport } from './capture-report.ts';
import type { Exclusions } from './exclusions.ts';
import type { MappedFiles } from './mapped-files.ts';
import type { PinnedFile } from './pinned-file.ts';
import { scanStateDir } from './scan.ts';
import type { SeenTree } from './seen-tree.ts';
import { DatabaseCopies } from './sqlite/database-copies.ts';
import type { ReaderName } from './sqlite/database-reader.ts';

export interface CaptureOptions {
  exclusions: Exclusions;
  /** Whether a root `manifest.json` is that of a backup, which is excluded; any other is an error. */
  isBackupManifest: (bytes: Uint8Array) => boolean;
  report: CaptureReport;
  /** A private directory for copies of databases; asked for with the first one that is in use. */
  scratch: () => string;
  /**
   * How databases in use are copied: by SQLite itself as Node has it (`node`) or as `better-sqlite3` has it, or without
   * a library (`raw-copy`); `auto` takes the first that is available.
   *
   * @default 'auto'
   */
  sqlite?: 'auto' | ReaderName;
  /**
   * Only look: nothing is copied, and the sizes of excluded directories are added up.
   *
   * @default false
   */
  dryRun?: boolean;
  signal?: AbortSignal | undefined;
  /** Files that a process may write to without a trace; absent where nothing is read. */
  mapped?: MappedFiles | undefined;
  /** Gets all that is seen; absent where nobody looks for what was moved meanwhile. */
  seen?: SeenTree | undefined;
}

/** A batch is handed over at this many items or bytes read, so that neither the event loop nor the memory is held up. */
const BATCH_ITEMS = 512;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Everything of the state directory that goes into the snapshot, in its order, in batches. Goes on only as fast as it is
 * asked to.
 *
 * @param root absolute path of the state directory, from `openStateDir`
 * @throws BackupError `MANIFEST_NAME_TAKEN`, `PERMISSION`, `IO`, `NO_SPACE`, `ABORTED`, `USAGE` when the reader that
 *   was asked for is not available
 */
export async function* captureState(root: string, options: CaptureOptions): AsyncGenerator<CaptureItem[], void, void> {
  const { exclusions, isBackupManifest, report, dryRun = false, signal, seen, mapped } = options;
  const databases = new DatabaseCopies(root, exclusions, options);
  const held: PinnedFile[] = [];
  const onPinned = (file: PinnedFile) => held.push(file);
  let batch: CaptureItem[] = [];
  let bytes = 0;
  try {
    for (const found of scanStateDir(root, { exclusions, report, isBackupManifest, onPinned, dryRun, seen, mapped })) {
      const item = found.type === 'database' ? await databases.capture(found) : found;
      if (item === null && found.type === 'database') found.lose();
      if (item === null || databases.loses(item)) continue;
      batch.push(item);
      if (item.type === 'file' && item.source.kind === 'bytes') bytes += item.size;
      if (batch.length < BATCH_ITEMS && bytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      bytes = 0;
      await setImmediate();
      throwIfAborted(signal);
    }
    throwIfAborted(signal);
    if (batch.length > 0) yield batch;
  } finally {
    for (const file of held) file.close();
  }
}
