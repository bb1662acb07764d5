/**
 * How the capture of one file went.
 *
 * - `clean`: read at once, unchanged meanwhile.
 * - `retried`: it changed under the reader; a later attempt was clean.
 * - `trimmed`: text that was seen to grow all the time, and nothing else; captured as long as it was when opened, up to its
 *   last whole line (into a pipe, a large one perhaps to the middle of a line).
 * - `changed`: it changed at each attempt, or is no text and grew; the snapshot holds what the last one read. A loss.
 * - `vanished`: it was listed and then gone. No loss: it was deleted; were it moved to where the snapshot does not have it, that
 *   would be named besides.
 * - `unreadable`: the system refused it. A loss.
 */
export type Verdict = 'clean' | 'retried' | 'trimmed' | 'changed' | 'vanished' | 'unreadable';

/** Whether a verdict makes the snapshot incomplete (exit status 3). */
export function isLoss(verdict: Verdict): boolean {
  return verdict === 'changed' || verdict === 'unreadable';
}
