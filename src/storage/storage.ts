import type { FileKey } from '../system/file-key.ts';
import type { RangeReader } from './range-reader.ts';

/**
 * Where snapshots are: a folder, or a bucket with a prefix. The engine knows no more of it than this interface, which
 * speaks of names, lengths and versions.
 */
export interface SnapshotStorage {
  /** As messages name it: a path, or an `s3://` URL without secrets. */
  readonly location: string;

  /** Whether each look and each read is a request over a network, so that looking at everything takes long. */
  readonly isRemote: boolean;

  /** A snapshot in it, as every operation takes it: a path, or a URL with all that it takes to find the store. */
  pathOf(name: string): string;

  /** Everything that lies directly in it, in no particular order. The caller decides what is a snapshot. */
  list(signal?: AbortSignal): AsyncIterable<StoredObject>;

  /** What is at a name now; null if there is nothing. */
  look(name: string, signal?: AbortSignal): Promise<StoredObject | null>;

  /**
   * Opens a snapshot for reading at any offset.
   *
   * @throws BackupError `SNAPSHOT_MISSING`, `PERMISSION`, `STORAGE_UNAVAILABLE`, `IO`
   */
  open(name: string, signal?: AbortSignal): Promise<RangeReader>;

  /**
   * Begins a new snapshot. Nothing appears at the name before it is committed.
   *
   * @param name its name, or a function that makes names, called again while the name is taken
   * @throws BackupError `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `PERMISSION`, `NO_SPACE`, `STORAGE_UNAVAILABLE`
   */
  begin(name: string | (() => string), options?: BeginOptions): Promise<SnapshotSink>;

  /**
   * Removes a snapshot, if it still is the version that was seen.
   *
   * @throws BackupError `PERMISSION` where the storage keeps it, such as an object under retention; `SNAPSHOT_REPLACED` where
   *   another version is at its name, or nothing
   */
  remove(object: Pick<StoredObject, 'name' | 'version'>, signal?: AbortSignal): Promise<void>;

  /** A small record beside the snapshots, such as what was verified when; null where there is none, or something else at its name. */
  readRecord(name: string, signal?: AbortSignal): Promise<Uint8Array | null>;

  /** Replaces such a record as a whole. */
  writeRecord(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;

  /**
   * Removes what killed runs left, unless somebody may still be writing it.
   *
   * @returns what was removed, and why
   */
  clearAbandoned(signal?: AbortSignal): Promise<ClearedObject[]>;
}

/** Something that was removed, in words for people. */
export interface ClearedObject {
  path: string;
  message: string;
}

/** One thing that a storage holds. */
export interface StoredObject {
  name: string;
  /** In bytes. */
  length: number;
  /**
   * Distinguishes these bytes from others under the same name: an ETag, or the identity and times of a file. Opaque. A version that was seen
   * stays the version of these bytes for this storage object, also where removing another name of the same file changes its times.
   */
  version: string;
  /** The part of the version that stays the same when the storage is mounted again. Records about these bytes refer to it. */
  stableVersion: string;
  /** When it was written, by the clock of the storage; a listing may have it more exactly than `look`. */
  modified: Date;
}

export interface BeginOptions {
  /**
   * About how many bytes the snapshot will have; a storage that takes parts chooses their size by it.
   *
   * @default unknown
   */
  expectedBytes?: number;
  /**
   * Whether a snapshot of exactly this name is replaced. Object storage never does.
   *
   * @default false
   */
  replace?: boolean;
  signal?: AbortSignal;
}

/**
 * Takes the bytes of a new snapshot, in order. A method that not every storage can have is absent where it cannot.
 */
export interface SnapshotSink {
  /** Path or URL of the snapshot: the final one, once it is committed. Null for a stream. */
  readonly output: string | null;

  /** Local files that it writes or will replace: a capture must not take them. Absent where there are none. */
  readonly files?: readonly FileKey[];

  /** Bytes taken so far. */
  readonly position: number;

  /** Takes the next bytes; they belong to the sink until this resolves. Waits while the storage is slower than the writer. */
  write(bytes: Uint8Array): Promise<void> | void;

  /**
   * Writes over the first bytes, which were written before. Once, when all others are written.
   * Absent for a stream.
   */
  rewriteStart?(bytes: Uint8Array): Promise<void> | void;

  /** Forgets everything after `position`. Absent where bytes are gone as soon as they are written. */
  rollback?(position: number): Promise<void> | void;

  /**
   * Bytes that `copyFrom` takes at once. 0 where it can copy nothing of that source without its bytes passing through this machine, or it
   * turned out that the storage cannot copy. Absent where none can.
   */
  copyStep?(source: RangeReader): number;

  /**
   * Has the storage copy bytes of another snapshot as the next ones. They do not pass through this machine.
   *
   * @param length whole steps; `position` is a whole number of steps, too, and not 0
   * @returns false if nothing was taken; then the caller writes all of them
   */
  copyFrom?(source: RangeReader, offset: number, length: number): Promise<boolean>;

  /**
   * Makes the snapshot durable and puts it at its name: all of it, or an error and nothing.
   *
   * @throws BackupError `OUTPUT_EXISTS`, `NO_SPACE`, `PERMISSION`, `STORAGE_UNAVAILABLE`, `IO`
   */
  commit(): Promise<void>;

  /** Gives up, and leaves nothing. Does nothing after `commit`. */
  discard(): Promise<void>;
}
