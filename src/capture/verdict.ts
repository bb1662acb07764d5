/**
 * How the capture of one file went.
 *
 * - `clean`: read at once, unchanged meanwhile.
 * - `retried`: it changed under the reader; a later attempt was clean.
 * - `trimmed`: append-only; captured up to its last whole line at the size that it had when opened.
 * - `changed`: it changed at each attempt; the snapshot holds what the last one read. A loss.
 * - `vanished`: it was listed and then gone. A loss.
 * - `unreadable`: the system refused it. A loss.
 */
export type Verdict = 'clean' | 'retried' | 'trimmed' | 'changed' | 'vanished' | 'unreadable';

/** Whether a verdict makes the snapshot incomplete (exit status 3). */
export function isLoss(verdict: Verdict): boolean {
  return verdict === 'changed' || verdict === 'vanished' || verdict === 'unreadable';
}
