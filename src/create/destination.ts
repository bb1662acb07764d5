import fs from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { FileSink } from '../storage/folder/file-sink.ts';
import { defaultSnapshotName } from '../storage/snapshot-name.ts';
import type { SnapshotSink } from '../storage/storage.ts';
import { StreamSink } from '../storage/stream-sink.ts';
import type { FileKey } from '../system/file-key.ts';
import type { CreateOptions, CreateOutput } from './create-options.ts';

/** Where a new snapshot goes, and what it means for the capture. */
export interface Destination {
  readonly sink: SnapshotSink;
  /** Path of the snapshot: the final one, once it is committed. Null where it becomes no file. */
  readonly output: string | null;
  /** Folder in which it is made; null where it becomes no file. */
  readonly folder: string | null;
  /** Files that must not go into the snapshot: the one in the making, and the one that it replaces. */
  readonly files: readonly FileKey[];
}

/**
 * Begins a snapshot where the caller wants it.
 *
 * @param createdAt names the snapshot in a folder
 * @throws BackupError `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `NO_SPACE`, `PERMISSION`
 */
export function openDestination(
  output: CreateOutput,
  createdAt: Date,
  { force = false, signal }: CreateOptions,
): Destination {
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

/** The file that a stream leads to, where it is one: a redirection. */
function filesBehind(stream: Writable): FileKey[] {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== 'number') return [];
  const stat = fs.fstatSync(fd, { bigint: true });
  return stat.isFile() ? [stat] : [];
}
