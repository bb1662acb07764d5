import { Readable } from 'node:stream';
import { isRemote } from '../location.ts';
import { toPath } from '../options.ts';
import { openFile, openPipe } from './folder/open-file.ts';
import { isRangeReader } from './is-range-reader.ts';
import type { RangeReader } from './range-reader.ts';
import { CachedReader } from './read-ahead.ts';
import { type SpoolOptions, spoolStream } from './spooled-stream.ts';

/**
 * A snapshot to be read.
 *
 * - A path, a `file:` URL or an `s3://` URL.
 * - A stream of its bytes: a `Readable`, or any other async iterable. It is first written to a temporary file.
 * - What reads it by ranges. It is closed at the end.
 */
export type SnapshotInput = string | URL | AsyncIterable<Uint8Array> | RangeReader;

/** The snapshot that an operation reads. */
export interface SnapshotOption {
  /** The snapshot: its path or URL, a stream of it, or what reads it by ranges. */
  snapshot: SnapshotInput;
}

/** The path or `s3://` URL of a snapshot; null for one that has none. */
export function snapshotPath(snapshot: SnapshotInput): string | null {
  if (typeof snapshot === 'string') return snapshot;
  if (!(snapshot instanceof URL)) return null;
  return snapshot.protocol === 'file:' ? toPath(snapshot) : snapshot.href;
}

/**
 * Opens a snapshot, wherever it is. One that cannot be read at any offset (a stream, a pipe) is spooled first.
 *
 * @throws BackupError `SNAPSHOT_MISSING`, `PERMISSION`, `NO_SPACE`, `IO`; in object storage also `USAGE`, `STORAGE_MISSING`,
 *   `STORAGE_UNAVAILABLE`, `CREDENTIALS_MISSING`
 */
export async function openReader(snapshot: SnapshotInput, options: SpoolOptions = {}): Promise<RangeReader> {
  return (await openInPlace(snapshot, options)) ?? spool(snapshot, options);
}

/**
 * Opens a snapshot that can be read at any offset where it is. Nothing is written for it, so that it can be asked for before there is a place
 * to spool to: a snapshot that is missing is reported before anything else.
 *
 * @returns null for one that has to be spooled (a stream, a pipe), which is not opened
 * @throws BackupError as `openReader`, but for `NO_SPACE`
 */
export async function openInPlace(
  snapshot: SnapshotInput,
  { signal }: Pick<SpoolOptions, 'signal'> = {},
): Promise<RangeReader | null> {
  const path = snapshotPath(snapshot);
  if (path === null) {
    if (!isRangeReader(snapshot)) return null;
    return snapshot.descriptor === undefined ? new CachedReader(snapshot, signal) : snapshot;
  }
  if (isRemote(path)) {
    // Loaded only for that: every command waits for what this module loads.
    const { openStorageOf } = await import('./open-storage.ts');
    const { storage, name } = await openStorageOf(path);
    return new CachedReader(await storage.open(name, signal), signal);
  }
  return openFile(path);
}

async function spool(snapshot: SnapshotInput, options: SpoolOptions): Promise<RangeReader> {
  const path = snapshotPath(snapshot);
  if (path === null) return spoolStream('the standard input', streamOf(snapshot as AsyncIterable<Uint8Array>), options);
  return spoolStream(path, await openPipe(path), options);
}

function streamOf(snapshot: AsyncIterable<Uint8Array>): Readable {
  return snapshot instanceof Readable ? snapshot : Readable.from(snapshot, { objectMode: false });
}
