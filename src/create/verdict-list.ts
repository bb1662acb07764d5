import type { Verdict } from '../capture/verdict.ts';
import { BackupError } from '../errors.ts';
import type { RecordedVerdict } from '../format/index-root.ts';
import { MAX_INDEX_JSON_BYTES } from '../format/inflate-exactly.ts';
import { comparePaths } from '../format/path-order.ts';
import { PathSet } from './path-set.ts';

/** From the mildest on. */
const SEVERITY: readonly Verdict[] = ['clean', 'retried', 'trimmed', 'vanished', 'changed', 'unreadable'];

/** Room in the index header for what else it holds. */
const MOST_BYTES = MAX_INDEX_JSON_BYTES - 16 * 1024 * 1024;
/** Of a verdict in JSON, besides path and detail; each of their characters takes at most six bytes. */
const OVERHEAD = 64;

/**
 * What is recorded of files that were not captured clean at once: one verdict a path, in order, of the kind that fits to whether the path is
 * in the snapshot.
 */
export class VerdictList {
  readonly #byPath = new Map<string, RecordedVerdict>();
  readonly #entries = new PathSet();
  #bytes = 0;

  /**
   * Takes a verdict. Of several for one path the most severe stands.
   *
   * @throws BackupError `LIMIT_EXCEEDED` as soon as there are more than an index can hold
   */
  add(verdict: RecordedVerdict): void {
    const known = this.#byPath.get(verdict.path);
    if (known !== undefined && SEVERITY.indexOf(known.verdict) >= SEVERITY.indexOf(verdict.verdict)) return;
    this.#byPath.set(verdict.path, verdict);
    this.#bytes += JSON.stringify(verdict.path).length * 3 + verdict.detail.length * 3 + OVERHEAD;
    if (this.#bytes <= MOST_BYTES) return;
    throw new BackupError(
      'LIMIT_EXCEEDED',
      `${this.#byPath.size} files could not be captured clean: more than a snapshot can name`,
      { path: verdict.path, hint: 'Look into the first of them; leave out with --exclude what cannot be read.' },
    );
  }

  /** Notes that a path is in the snapshot: verdicts come before and after the entry that they are about. */
  sawEntry(path: string): void {
    this.#entries.add(path);
  }

  finish(): RecordedVerdict[] {
    const all = [...this.#byPath.values()].map((each) => this.#fitting(each));
    return all.sort((a, b) => comparePaths(a.path, b.path));
  }

  #fitting(recorded: RecordedVerdict): RecordedVerdict {
    const isPresent = this.#entries.has(recorded.path);
    const isAbsence = recorded.verdict === 'vanished' || recorded.verdict === 'unreadable';
    if (isPresent !== isAbsence) return recorded;
    return { ...recorded, verdict: isPresent ? 'changed' : 'unreadable' };
  }
}
