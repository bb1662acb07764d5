import type { CaptureReport, ExcludedPath } from '../capture/capture-report.ts';
import { ChangedNames } from '../format/changed-names.ts';
import type { BlockEntry } from '../format/index-block.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import { formatPaths } from '../validate/problem.ts';
import { refuseEmptyState } from './empty-state.ts';
import { StatusList } from './status-list.ts';

export interface CaptureRecordOptions {
  /** Absolute path of the state directory. */
  root: string;
  allowEmpty: boolean | undefined;
  /** Called with each status as it is found; of several for one path the most severe counts. */
  onStatus: (status: RecordedStatus) => void;
  /** Called with what is worth knowing while nothing is missing. */
  onNotice: (message: string, path?: string) => void;
}

/** What is reported of a capture besides the entries, by a run and by its dry run alike. */
export class CaptureRecord {
  readonly excluded: ExcludedPath[] = [];
  readonly report: CaptureReport;
  readonly #options: CaptureRecordOptions;
  readonly #statuses = new StatusList();
  readonly #changedNames = new ChangedNames();

  constructor(options: CaptureRecordOptions) {
    this.#options = options;
    this.report = {
      excluded: (row) => this.excluded.push(row),
      incomplete: (path, status, detail) => this.add({ path, status, detail }),
      notice: (path, message) => options.onNotice(message, path),
    };
  }

  /** @throws BackupError `LIMIT_EXCEEDED` for more than an index can hold */
  add(status: RecordedStatus): void {
    this.#statuses.add(status);
    this.#options.onStatus(status);
  }

  /** Whether something is gone that was listed. */
  get isAnyDeleted(): boolean {
    return this.#statuses.isAnyDeleted;
  }

  /** Notes an entry of the snapshot. */
  sawEntry(entry: BlockEntry): void {
    this.#statuses.sawEntry(entry.path);
    this.#changedNames.add(entry);
  }

  /**
   * Called after the last entry.
   *
   * @throws BackupError `STATE_DIR_EMPTY`
   */
  finishEntries(totals: Pick<Totals, 'files' | 'symlinks'>): void {
    for (const { paths, message } of this.#changedNames.found())
      this.#options.onNotice(`${formatPaths(paths)}: ${message}`);
    refuseEmptyState(this.#options.root, totals, this.statuses(), this.#options.allowEmpty);
  }

  /** In order, one a path. */
  statuses(): RecordedStatus[] {
    return this.#statuses.finish();
  }
}
