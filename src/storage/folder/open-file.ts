import fs from 'node:fs';
import type { Readable } from 'node:stream';
import { BackupError } from '../../errors.ts';
import { closeQuietly } from '../../system/close-quietly.ts';
import { fromSystemError } from '../../system-errors.ts';
import { LocalFileReader, versionOf } from '../local-file-reader.ts';
import type { RangeReader } from '../range-reader.ts';
import { notASnapshot } from './directory-kind.ts';

// NONBLOCK: opening a FIFO would hold this thread up until somebody writes to it. To a file it means nothing.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/**
 * Opens a file.
 *
 * @returns null for what has to be spooled (a pipe, a device), which is not opened
 * @throws BackupError `SNAPSHOT_MISSING`, `PERMISSION`, `IO`
 */
export function openFile(path: string): RangeReader | null {
  // Checked before it is opened: a writer that waits for a pipe must find one reader, and not a second one later.
  if (isPipe(path)) return null;
  const descriptor = descriptorOf(path);
  const stat = statOf(descriptor, path);
  if (stat.isFile())
    return new LocalFileReader({ name: path, descriptor, size: Number(stat.size), version: versionOf(stat) });
  closeQuietly(descriptor);
  if (!stat.isDirectory()) return null;
  throw notASnapshot(path);
}

/**
 * Opens what can be read once only, from its start to its end.
 *
 * @throws BackupError as `openFile`
 */
export async function openPipe(path: string): Promise<Readable> {
  const descriptor = descriptorOf(path);
  if (!statOf(descriptor, path).isFIFO()) return fs.createReadStream(path, { fd: descriptor });
  // Waits for the writer without a thread: one that waits in the system could neither be interrupted nor ended.
  const { Socket } = await import('node:net');
  return new Socket({ fd: descriptor, readable: true, writable: false });
}

function isPipe(path: string): boolean {
  try {
    return fs.statSync(path).isFIFO();
  } catch {
    // Opening it reports why it cannot be looked at.
    return false;
  }
}

function descriptorOf(name: string): number {
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
