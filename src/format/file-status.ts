/**
 * How the capture of one file went.
 *
 * - `ok`: read at once, unchanged meanwhile.
 * - `retried`: it changed under the reader; a later attempt was clean.
 * - `truncated`: text that was seen to grow all the time, and nothing else; captured as long as it was when opened, up to its
 *   last whole line (into a pipe, a large one perhaps to the middle of a line).
 * - `inconsistent`: it changed at each attempt, or is no text and grew; the snapshot holds what the last one read. The snapshot is then not complete.
 * - `deleted`: it was listed and then gone. The snapshot is complete without it: it was deleted; were it moved to where the snapshot does not have it, that
 *   would be named besides.
 * - `unreadable`: the system refused it. The snapshot is then not complete.
 */
export type FileStatus = 'ok' | 'retried' | 'truncated' | 'inconsistent' | 'deleted' | 'unreadable';

/** Whether a status makes the snapshot incomplete (exit status 3). */
export function isIncomplete(status: FileStatus): boolean {
  return status === 'inconsistent' || status === 'unreadable';
}
