/**
 * How the capture of one file went.
 *
 * - `ok`: it was read in one piece.
 * - `retried`: it changed while it was read; a later attempt read it in one piece.
 * - `truncated`: text that only grew, during every attempt. The snapshot holds it up to its last whole line; into a pipe, a large file
 *   perhaps up to the middle of a line.
 * - `inconsistent`: it changed during every attempt. The snapshot holds what the last attempt read, and is not complete.
 * - `deleted`: it was listed, and deleted before it was read. The snapshot is complete without it.
 * - `unreadable`: the system did not let it be read. The snapshot is not complete.
 */
export type FileStatus = 'ok' | 'retried' | 'truncated' | 'inconsistent' | 'deleted' | 'unreadable';

/** Whether a file of this status makes the snapshot incomplete. */
export function isIncomplete(status: FileStatus): boolean {
  return status === 'inconsistent' || status === 'unreadable';
}
