import { BackupError } from '../errors.ts';
import type { FileStatus } from '../format/file-status.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { MAX_INDEX_JSON_BYTES } from '../format/inflate-json.ts';
import { comparePaths } from '../format/path-order.ts';
import { PathSet } from './path-set.ts';

/** From the least severe on. */
const SEVERITY: readonly FileStatus[] = ['ok', 'retried', 'truncated', 'deleted', 'inconsistent', 'unreadable'];

/** Room in the index header for what else it holds. */
const MOST_BYTES = MAX_INDEX_JSON_BYTES - 16 * 1024 * 1024;
/** Of a status in JSON, besides path and detail; each of their characters takes at most six bytes. */
const OVERHEAD = 64;

/**
 * What is recorded of files that were not captured at the first attempt: one status a path, in order, of the kind that fits to whether the path is
 * in the snapshot.
 */
export class StatusList {
  readonly #byPath = new Map<string, RecordedStatus>();
  readonly #entries = new PathSet();
  #bytes = 0;
  #isAnyDeleted = false;

  /**
   * Takes a status. Of several for one path the most severe counts.
   *
   * @throws BackupError `LIMIT_EXCEEDED` as soon as there are more than an index can hold
   */
  add(status: RecordedStatus): void {
    const known = this.#byPath.get(status.path);
    if (known !== undefined && SEVERITY.indexOf(known.status) >= SEVERITY.indexOf(status.status)) return;
    this.#byPath.set(status.path, status);
    this.#isAnyDeleted ||= status.status === 'deleted';
    this.#bytes += JSON.stringify(status.path).length * 3 + status.detail.length * 3 + OVERHEAD;
    if (this.#bytes <= MOST_BYTES) return;
    throw new BackupError(
      'LIMIT_EXCEEDED',
      `${this.#byPath.size} files have a status other than ok: more than a snapshot can name`,
      { path: status.path, hint: 'Look into the first of them; exclude what cannot be read with `excludes`.' },
    );
  }

  get isAnyDeleted(): boolean {
    return this.#isAnyDeleted;
  }

  /** Notes that a path is in the snapshot: statuses come before and after the entry that they are about. */
  sawEntry(path: string): void {
    this.#entries.add(path);
  }

  finish(): RecordedStatus[] {
    const all = [...this.#byPath.values()].map((each) => this.#fitting(each));
    return all.sort((a, b) => comparePaths(a.path, b.path));
  }

  #fitting(recorded: RecordedStatus): RecordedStatus {
    const isPresent = this.#entries.has(recorded.path);
    const isAbsence = recorded.status === 'deleted' || recorded.status === 'unreadable';
    if (isPresent !== isAbsence) return recorded;
    return { ...recorded, status: isPresent ? 'inconsistent' : 'unreadable' };
  }
}
