import fs from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { BackupError } from '../errors.ts';
import { isRemote } from '../location.ts';
import { clearAbandoned } from '../storage/clear-abandoned.ts';
import { fileToReplace, folderError } from '../storage/folder/file-sink.ts';
import { openStorage, openStorageOf } from '../storage/open-storage.ts';
import { defaultSnapshotName } from '../storage/snapshot-name.ts';
import type { SnapshotSink, SnapshotStorage } from '../storage/storage.ts';
import { StreamSink } from '../storage/stream-sink.ts';
import type { FileKey } from '../system/file-key.ts';
import type { CreateOptions, PlainOutput } from './create-options.ts';
import { expectedSize } from './expected-size.ts';

/** What the place of a new snapshot means for the capture. */
export interface OutputPlace {
  /** Folder in which it is made; null where it becomes no file. */
  readonly folder: string | null;
  /** Files that must not go into the snapshot: the one in the making, and the one that it replaces. */
  readonly files: readonly FileKey[];
}

/** Where a new snapshot goes. */
export interface Destination extends OutputPlace {
  readonly sink: SnapshotSink;
}

/**
 * Begins a snapshot where the caller wants it.
 *
 * @param root the state directory
 * @param createdAt names the snapshot in a folder
 * @throws BackupError `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `NO_SPACE`, `PERMISSION`; in object storage also `USAGE`, `STORAGE_MISSING`,
 *   `STORAGE_UNAVAILABLE`, `CREDENTIALS_MISSING`
 */
export async function openDestination(
  output: PlainOutput,
  root: string,
  createdAt: Date,
  options: CreateOptions,
): Promise<Destination> {
  const { force = false, signal } = options;
  if (typeof output === 'string') {
    const { storage, name } = await openStorageOf(output);
    if (storage.isRemote && force) throw neverReplaced(storage.pathOf(name));
    return beginIn(storage, name, force, root, options);
  }
  if ('folder' in output) {
    const storage = await openStorage(output.folder);
    if (storage.isRemote && force) throw neverReplaced(output.folder);
    return beginIn(storage, () => defaultSnapshotName(createdAt), false, root, options);
  }
  return { sink: new StreamSink(output, signal), folder: null, files: filesBehind(output) };
}

async function beginIn(
  storage: SnapshotStorage,
  name: string | (() => string),
  replace: boolean,
  root: string,
  options: CreateOptions,
): Promise<Destination> {
  const { signal } = options;
  if (!storage.isRemote) {
    const sink = await storage.begin(name, { replace });
    return { sink, folder: storage.location, files: sink.files ?? [] };
  }
  await clearAbandoned(storage, options);
  const expectedBytes = await expectedSize(root, signal);
  const sink = await storage.begin(name, { expectedBytes, ...(signal && { signal }) });
  return { sink, folder: null, files: [] };
}

/**
 * Where `openDestination` would begin a snapshot. Nothing is written, and object storage is not asked.
 *
 * @param output undefined for a stream that is not there yet
 * @throws BackupError `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `PERMISSION`, `USAGE`: `openDestination` would too
 */
export function lookAtDestination(output: PlainOutput | undefined, { force = false }: CreateOptions): OutputPlace {
  if (output === undefined) return { folder: null, files: [] };
  if (typeof output === 'object' && !('folder' in output)) return { folder: null, files: filesBehind(output) };
  const location = typeof output === 'string' ? output : output.folder;
  if (isRemote(location)) {
    if (force) throw neverReplaced(location);
    return { folder: null, files: [] };
  }
  const replaced = typeof output === 'string' ? fileToReplace(path.resolve(output), force) : null;
  const folder = typeof output === 'string' ? path.dirname(path.resolve(output)) : path.resolve(output.folder);
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    // A file passes that look.
    fs.accessSync(`${folder}/.`);
  } catch (error) {
    throw folderError(error, folder);
  }
  return { folder, files: replaced === null ? [] : [replaced] };
}

function neverReplaced(location: string): BackupError {
  return new BackupError('USAGE', 'a snapshot in object storage is never replaced', {
    path: location,
    hint: 'Choose another name, or use `output: { folder }`, which gives one of its own.',
  });
}

/** The file that a stream leads to, where it is one: a redirection. */
function filesBehind(stream: Writable): FileKey[] {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== 'number') return [];
  const stat = fs.fstatSync(fd, { bigint: true });
  return stat.isFile() ? [stat] : [];
}
