import type { FileStatus } from '../format/file-status.ts';
import type { FileKey } from '../system/file-key.ts';
import type { PinnedFile } from './pinned-file.ts';

/** What distinguishes two states of one file. */
export interface FileIdentity extends FileKey {
  size: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** The live file, to be read when its turn comes and compared with the state that the scan saw. */
export interface LiveSource {
  kind: 'live';
  absolute: string;
  expect: FileIdentity;
  /** A database that nobody was writing to. In any other state than this it must be idle again to be read. */
  idleDatabase: boolean;
  /** Some process has it mapped for writing: what that writes need not show in the file's times. */
  mapped: boolean;
  /** The file, opened already, for it may be deleted before its turn comes. Only of files that `LiveFile` reads. */
  held?: PinnedFile;
}

/** Where the bytes of a file come from. */
type ContentSource =
  | LiveSource
  /** Read by the scan already, because its moment mattered. The bytes own their ArrayBuffer: they may be transferred. */
  | { kind: 'bytes'; bytes: Uint8Array }
  /** A private copy that nobody else writes to. `detail` says what happened, for every status but `ok`. */
  | { kind: 'copy'; absolute: string; status: FileStatus; detail: string; release: () => void };

/** What every thing of the state directory has besides its kind. */
export interface Attributes {
  /** Relative to the state directory, components joined by `/`. */
  path: string;
  /** Permission bits, the lower 12. */
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
}

/** One thing of the state directory that goes into the snapshot. */
export type CaptureItem = Attributes &
  (
    | { type: 'file'; size: number; source: ContentSource }
    | { type: 'directory' }
    /** `link` is the target as it is in the link. */
    | { type: 'symlink'; link: string }
    /**
     * `link` is the path of the file entry that this is another name of. Should that one be lost when its turn to be
     * read comes, this name can still be captured as a file, from `size` and `source`.
     */
    | { type: 'hardlink'; link: string; size: number; source: LiveSource }
  );
