import fs from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { BackupError } from '../errors.ts';
import { clearAbandoned } from '../storage/clear-abandoned.ts';
import { FileSink } from '../storage/folder/file-sink.ts';
import { isRemote, openRemoteFolder, openRemoteSnapshot } from '../storage/remote.ts';
import { defaultSnapshotName } from '../storage/snapshot-name.ts';
import type { SnapshotSink, SnapshotStorage } from '../storage/storage.ts';
import { StreamSink } from '../storage/stream-sink.ts';
import type { FileKey } from '../system/file-key.ts';
import type { CreateOptions, CreateOutput } from './create-options.ts';
import { expectedSize } from './expected-size.ts';

/** Where a new snapshot goes, and what it means for the capture. */
export interface Destination {
  readonly sink: SnapshotSink;
  /** Path or URL of the snapshot: the final one, once it is committed. Null for a stream. */
  readonly output: string | null;
  /** Folder in which it is made; null where it becomes no file. */
  readonly folder: string | null;
  /** Files that must not go into the snapshot: the one in the making, and the one that it replaces. */
  readonly files: readonly FileKey[];
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
  output: CreateOutput,
  root: string,
  createdAt: Date,
  options: CreateOptions,
): Promise<Destination> {
  const { force = false, signal } = options;
  if (typeof output === 'string' && isRemote(output)) {
    const { storage, name } = await openRemoteSnapshot(output);
    return remoteDestination(storage, name, root, options);
  }
  if (typeof output === 'object' && 'folder' in output && isRemote(output.folder))
    return remoteDestination(await openRemoteFolder(output.folder), defaultSnapshotName(createdAt), root, options);
  if (typeof output === 'string') return fileDestination(new FileSink(output, force));
  if ('folder' in output) {
    const { folder } = output;
    return fileDestination(new FileSink(() => path.join(folder, defaultSnapshotName(createdAt)), false));
  }
  return { sink: new StreamSink(output, signal), output: null, folder: null, files: filesBehind(output) };
}

function fileDestination(sink: FileSink): Destination {
  return {
    sink,
    get output() {
      return sink.output;
    },
    folder: path.dirname(sink.output),
    files: sink.files,
  };
}

async function remoteDestination(
  storage: SnapshotStorage,
  name: string,
  root: string,
  options: CreateOptions,
): Promise<Destination> {
  const { force = false, signal } = options;
  if (force) {
    throw new BackupError('USAGE', 'a snapshot in object storage is never replaced, with --force neither', {
      path: storage.pathOf(name),
      hint: 'Choose another name, or use --to, which gives one of its own.',
    });
  }
  await clearAbandoned(storage, options);
  const expectedBytes = await expectedSize(root, signal);
  const sink = await storage.begin(name, { expectedBytes, ...(signal && { signal }) });
  return { sink, output: storage.pathOf(name), folder: null, files: [] };
}

/** The file that a stream leads to, where it is one: a redirection. */
function filesBehind(stream: Writable): FileKey[] {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== 'number') return [];
  const stat = fs.fstatSync(fd, { bigint: true });
  return stat.isFile() ? [stat] : [];
}
