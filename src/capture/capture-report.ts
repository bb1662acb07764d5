import type { FileStatus } from '../format/file-status.ts';

/** Something that is excluded from the snapshot on purpose. A directory is named instead of all that it holds. */
export interface ExcludedPath {
  /** Relative to the state directory. */
  path: string;
  /** Its type, as its directory gives it; `unknown` if that does not, and it was not opened. */
  type: 'file' | 'directory' | 'symlink' | 'socket' | 'fifo' | 'device' | 'unknown';
  /** Why, in a few words: "StateStore was writing it". */
  reason: string;
  /**
   * Length of a file in bytes; of a directory that of all files in it. Only `planSnapshot` has it, and not of what `excludes` matches, which is
   * not opened.
   */
  size?: number;
}

/** What capture reports besides the items: everything that it does not hand over, and why. */
export interface CaptureReport {
  excluded: (row: ExcludedPath) => void;
  /** A file or directory that was listed and is not in the snapshot. A directory also means all that it holds. */
  incomplete: (path: string, status: Extract<FileStatus, 'deleted' | 'unreadable'>, detail: string) => void;
  /** Worth knowing, while nothing is missing. */
  notice: (path: string, message: string) => void;
}
