import type { FileStatus } from '../format/file-status.ts';

/** Something that is excluded from the snapshot on purpose. A directory stands for all that it holds. */
export interface ExcludedPath {
  path: string;
  /** As its directory says; `unknown` where that does not, of something that was not looked at. */
  type: 'file' | 'directory' | 'symlink' | 'socket' | 'fifo' | 'device' | 'unknown';
  /** In a few words: "StateStore was writing it". */
  reason: string;
  /**
   * Length of a file in bytes; of a directory, of all files in it, and only when that was asked for. Not of what the user
   * excluded: that is not looked at.
   */
  size?: number;
}

/** What capture tells besides the items: everything that it does not hand over, and why. */
export interface CaptureReport {
  excluded: (row: ExcludedPath) => void;
  /** A file or directory that was listed and is not in the snapshot. A directory stands for all that it holds. */
  incomplete: (path: string, status: Extract<FileStatus, 'deleted' | 'unreadable'>, detail: string) => void;
  /** Worth knowing, and no loss. */
  notice: (path: string, message: string) => void;
}
