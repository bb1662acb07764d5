import fs from 'node:fs';
import { Readable } from 'node:stream';
import { BackupError } from '../errors.ts';
import { toPath } from '../options.ts';
import { closeQuietly } from '../system/close-quietly.ts';
import { fromSystemError } from '../system-errors.ts';
import { isRangeReader } from './is-range-reader.ts';
import { LocalFileReader, versionOf } from './local-file-reader.ts';
import { CachedReader } from './read-ahead.ts';
import { isRemote, openRemoteSnapshot } from './remote.ts';
import { type SpoolOptions, spoolStream } from './spooled-stream.ts';
import type { RangeReader } from './storage.ts';

/** A snapshot to be read: the path of a file, its `s3://` URL, a stream of it, or what reads it by ranges, which is closed at the end. */
export type SnapshotInput = string | URL | AsyncIterable<Uint8Array> | RangeReader;

/** The snapshot that an operation reads. */
export interface SnapshotOption {
  /** Its path or URL (`file:`, `s3:`), a stream of it, or what reads it by ranges. */
  snapshot: SnapshotInput;
}

/** The path or `s3://` URL of a snapshot; null for one that has none. */
export function snapshotPath(snapshot: SnapshotInput): string | null {
  if (typeof snapshot === 'string') return snapshot;
  if (!(snapshot instanceof URL)) return null;
  return snapshot.protocol === 'file:' ? toPath(snapshot) : snapshot.href;
}

// NONBLOCK: opening a FIFO would hold this thread up until somebody writes to it. To a file it means nothing.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

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
 * to spool to: a snapshot that is missing is said before anything else.
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
    const { storage, name } = await openRemoteSnapshot(path);
    return new CachedReader(await storage.open(name, signal), signal);
  }
  // Asked before it is opened: whoever waits to write into a pipe is to find one reader, and not a second one later.
  if (isPipe(path)) return null;
  const descriptor = openFile(path);
  const stat = statOf(descriptor, path);
  if (stat.isFile())
    return new LocalFileReader({ name: path, descriptor, size: Number(stat.size), version: versionOf(stat) });
  closeQuietly(descriptor);
  if (!stat.isDirectory()) return null;
  throw new BackupError('SNAPSHOT_MISSING', `${path} is a directory, not a snapshot`, {
    path,
    hint: 'Name the .tar.gz file itself; "oxios-backup restore FOLDER --latest" takes the newest of a folder.',
  });
}

async function spool(snapshot: SnapshotInput, options: SpoolOptions): Promise<RangeReader> {
  const path = snapshotPath(snapshot);
  if (path === null) return spoolStream('the standard input', streamOf(snapshot as AsyncIterable<Uint8Array>), options);
  const descriptor = openFile(path);
  if (!statOf(descriptor, path).isFIFO())
    return spoolStream(path, fs.createReadStream(path, { fd: descriptor }), options);
  // Waits for the writer without a thread: one that waits in the system could neither be interrupted nor ended.
  const { Socket } = await import('node:net');
  return spoolStream(path, new Socket({ fd: descriptor, readable: true, writable: false }), options);
}

function streamOf(snapshot: AsyncIterable<Uint8Array>): Readable {
  return snapshot instanceof Readable ? snapshot : Readable.from(snapshot, { objectMode: false });
}

function isPipe(path: string): boolean {
  try {
    return fs.statSync(path).isFIFO();
  } catch {
    // Why it cannot be looked at is said where it is opened.
    return false;
  }
}

function openFile(name: string): number {
  try {
    return fs.openSync(name, FLAGS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new BackupError('SNAPSHOT_MISSING', `there is no snapshot at ${name}`, {
        path: name,
        hint: 'Check the path; "-" reads the standard input.',
      });
    }
    throw fromSystemError(error, 'open the snapshot', name);
  }
}

function statOf(descriptor: number, name: string): fs.BigIntStats {
  try {
    return fs.fstatSync(descriptor, { bigint: true });
  } catch (error) {
    closeQuietly(descriptor);
    throw fromSystemError(error, 'look at the snapshot', name);
  }
}
