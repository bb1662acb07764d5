import type { Entry } from '../format/entry.ts';
import type { Totals } from '../format/index-root.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import type { Unreadable } from './difference.ts';

/** One of two states that are compared. */
export interface Side {
  /** Its entries in the order of a snapshot, to be gone through once. */
  entries(): EntryRuns | Iterable<Entry>;
  /** SHA-256 of a file of it, in hexadecimal; null when it could not be read, which is then among `unreadable`. */
  digest(file: Entry): Promise<string | null>;
  /** Finest difference between times that this side holds, in nanoseconds. */
  timeUnit: number;
  /** Whether it is a live directory: then owners mean nothing, and digests cost reading. */
  live: boolean;
  unreadable: Unreadable[];
  /** What it holds, where that is known before. */
  totals: Pick<Totals, 'entries' | 'bytes'> | null;
  /** Whether a directory must be there though it is no entry: a foreign archive need not name those that it fills. */
  implies(path: string): boolean;
}
