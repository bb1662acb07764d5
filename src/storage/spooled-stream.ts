import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { closeQuietly } from '../system/close-quietly.ts';
import { fromSystemError } from '../system-errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { LocalFileReader } from './local-file-reader.ts';

export interface SpoolOptions {
  /**
   * Where the bytes of a stream are kept while they are read.
   *
   * @default the system's temporary folder
   */
  spoolDir?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Copies a stream to a file without a name, which is gone when this process is: the index of a snapshot comes last, and is to be verified
 * before any entry is believed.
 *
 * @param name as messages name it
 * @throws BackupError `NO_SPACE`, `PERMISSION`, `IO`, `ABORTED`
 */
export async function spoolStream(name: string, input: Readable, options: SpoolOptions): Promise<LocalFileReader> {
  const directory = options.spoolDir ?? os.tmpdir();
  const id = randomUUID();
  const file = path.join(directory, `.oxios-backup-spool-${id}`);
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'wx+', 0o600);
  } catch (error) {
    throw fromSystemError(error, 'make room for the snapshot that comes through a pipe', directory);
  }
  // Windows cannot delete an open file; there it goes at the end.
  const unlinked = tryUnlink(file);
  const removeName = () => {
    if (!unlinked) tryUnlink(file);
  };
  let size = 0;
  // Also while nothing comes.
  if (options.signal !== undefined) addAbortSignal(options.signal, input);
  try {
    for await (const chunk of input) {
      const bytes = chunk as Buffer;
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(descriptor, bytes, done, bytes.length - done);
      size += bytes.length;
    }
  } catch (error) {
    closeQuietly(descriptor);
    removeName();
    throwIfAborted(options.signal);
    throw fromSystemError(error, 'take in the snapshot that comes through a pipe', directory);
  }
  return new LocalFileReader({ name, descriptor, size, version: id, onClose: removeName });
}

function tryUnlink(file: string): boolean {
  try {
    fs.unlinkSync(file);
    return true;
  } catch {
    return false;
  }
}
