import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { BackupError, fromSystemError } from '../errors.ts';
import { throwIfAborted } from '../workers/abort.ts';

// NONBLOCK: opening a FIFO would hold this thread up until somebody writes to it. To a file it means nothing.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/** The bytes of a snapshot, at any offset. Its descriptor may be read by worker threads too. */
export interface SnapshotSource {
  /** As the user named it. */
  readonly name: string;
  readonly fd: number;
  readonly size: number;
  close(): void;
}

/** Reads exactly `length` bytes at `offset` of the file, into `into` or a buffer of their own. */
export function readAt(fd: number, offset: number, length: number, into?: Buffer): Buffer {
  const bytes = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const read = readSome(fd, bytes, done, length - done, offset + done);
    if (read === 0)
      throw new BackupError('SNAPSHOT_TRUNCATED', 'the snapshot became shorter while it was read', {
        hint: 'Wait until it is complete, and run it again.',
      });
    done += read;
  }
  return bytes;
}

/** Of a file that was only read, or that nobody else can name, the system can say nothing at its end that would matter. */
function closeQuietly(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {
    // Its descriptor is gone either way.
  }
}

function readSome(fd: number, bytes: Buffer, at: number, length: number, offset: number): number {
  try {
    return fs.readSync(fd, bytes, at, length, offset);
  } catch (error) {
    throw fromSystemError(error, 'read the snapshot');
  }
}

/**
 * Opens a snapshot. One that cannot be read at any offset (a pipe) is first copied to a file without a name in `spoolDir`, which
 * is gone when this process is: its index, which comes last, is to be verified before any entry is believed.
 *
 * @throws BackupError `SNAPSHOT_MISSING`, `PERMISSION`, `NO_SPACE`, `IO`
 */
export async function openSource(
  snapshot: string | Readable,
  options: { spoolDir?: string | undefined; signal?: AbortSignal | undefined },
): Promise<SnapshotSource> {
  if (typeof snapshot !== 'string') return spool('the standard input', snapshot, options);
  let fd: number;
  try {
    fd = fs.openSync(snapshot, FLAGS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new BackupError('SNAPSHOT_MISSING', `there is no snapshot at ${snapshot}`, {
        path: snapshot,
        hint: 'Check the path; "-" reads the standard input.',
      });
    }
    throw fromSystemError(error, 'open the snapshot', snapshot);
  }
  const stat = statOf(fd, snapshot);
  if (stat.isFile()) return { name: snapshot, fd, size: stat.size, close: () => closeQuietly(fd) };
  if (stat.isDirectory()) {
    fs.closeSync(fd);
    throw new BackupError('SNAPSHOT_MISSING', `${snapshot} is a directory, not a snapshot`, {
      path: snapshot,
      hint: 'Name the .tar.gz file itself.',
    });
  }
  if (!stat.isFIFO()) return spool(snapshot, fs.createReadStream(snapshot, { fd }), options);
  // Waits for the writer without a thread: one that waits in the system could neither be interrupted nor ended.
  const { Socket } = await import('node:net');
  return spool(snapshot, new Socket({ fd, readable: true, writable: false }), options);
}

function statOf(fd: number, snapshot: string): fs.Stats {
  try {
    return fs.fstatSync(fd);
  } catch (error) {
    closeQuietly(fd);
    throw fromSystemError(error, 'look at the snapshot', snapshot);
  }
}

async function spool(
  name: string,
  input: Readable,
  options: { spoolDir?: string | undefined; signal?: AbortSignal | undefined },
): Promise<SnapshotSource> {
  const directory = options.spoolDir ?? os.tmpdir();
  const file = path.join(directory, `.oxios-backup-spool-${randomUUID()}`);
  let fd: number;
  try {
    fd = fs.openSync(file, 'wx+', 0o600);
  } catch (error) {
    throw fromSystemError(error, 'make room for the snapshot that comes through a pipe', directory);
  }
  // Windows cannot delete an open file; there it goes at the end.
  const unlinked = tryUnlink(file);
  const close = () => {
    closeQuietly(fd);
    if (!unlinked) tryUnlink(file);
  };
  let size = 0;
  // Also while nothing comes.
  if (options.signal !== undefined) addAbortSignal(options.signal, input);
  try {
    for await (const chunk of input) {
      const bytes = chunk as Buffer;
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(fd, bytes, done, bytes.length - done);
      size += bytes.length;
    }
  } catch (error) {
    close();
    throwIfAborted(options.signal);
    throw fromSystemError(error, 'take in the snapshot that comes through a pipe', directory);
  }
  return { name, fd, size, close };
}

function tryUnlink(file: string): boolean {
  try {
    fs.unlinkSync(file);
    return true;
  } catch {
    return false;
  }
}
