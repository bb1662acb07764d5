import type { FileStatus } from '../format/file-status.ts';

/** What a failed system call says about the file that it was for. */
export interface SystemReason {
  status: Extract<FileStatus, 'deleted' | 'unreadable'>;
  /** The error without the call and the path: "EACCES: permission denied". */
  detail: string;
}

/** Distinguishes a file that is gone from one that the system refuses. */
export function systemReason(error: unknown): SystemReason {
  const { code, message } = error as NodeJS.ErrnoException;
  const detail = String(message).split(', ', 1)[0] ?? String(message);
  // ENOTDIR: a folder on the way was replaced by a file.
  const gone = code === 'ENOENT' || code === 'ENOTDIR';
  return { status: gone ? 'deleted' : 'unreadable', detail };
}
