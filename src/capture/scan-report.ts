import type { BigIntStats } from 'node:fs';
import type { FileKey } from '../system/file-key.ts';
import { treeSize } from '../system/tree-size.ts';
import type { CaptureReport, ExcludedPath } from './capture-report.ts';
import type { GitScan } from './git/git-scan.ts';
import { OWN_SNAPSHOT } from './own-rules.ts';
import type { SeenTree } from './seen-tree.ts';
import type { SystemReason } from './system-reason.ts';

/** Says what a scan does not hand over, and why. */
export class ScanReport {
  readonly #report: CaptureReport;
  readonly #seen: SeenTree | undefined;
  readonly #dryRun: boolean;
  #namedSnapshots = false;

  /** @param options `dryRun` adds up the sizes of excluded directories */
  constructor({ report, seen, dryRun }: { report: CaptureReport; seen?: SeenTree | undefined; dryRun: boolean }) {
    this.#report = report;
    this.#seen = seen;
    this.#dryRun = dryRun;
  }

  notice(path: string, message: string): void {
    this.#report.notice(path, message);
  }

  /** What the user excluded, and so nobody has looked at. */
  exclude(path: string, type: ExcludedPath['type'], pattern: string): string {
    const reason = `matches ${pattern}`;
    this.#report.excluded({ path, type, reason });
    return reason;
  }

  excludeByRule(path: string, absolute: string, type: ExcludedPath['type'], reason: string, stat: BigIntStats): void {
    const row: ExcludedPath = { path, type, reason };
    if (type === 'file') row.size = Number(stat.size);
    else if (type === 'directory' && this.#dryRun) row.size = treeSize(absolute);
    this.#report.excluded(row);
    if (reason !== OWN_SNAPSHOT || this.#namedSnapshots) return;
    this.#namedSnapshots = true;
    const message =
      'snapshots of this state directory are in it, where this one goes: they are excluded; keep them in a folder outside of it';
    this.#report.notice(path, message);
  }

  /** The mode without the bits that a snapshot does not keep. */
  safeMode(path: string, mode: number, forbidden: number): number {
    if ((mode & forbidden) === 0) return mode;
    this.#report.notice(path, 'its set-user-id or set-group-id bit is not recorded');
    return mode & ~forbidden;
  }

  /**
   * @param git the repository whose own directory the thing is in
   * @param file what was seen there, where anything was
   */
  lose(path: string, { status, detail }: SystemReason, git: GitScan | null, file: FileKey | null): void {
    if (status === 'deleted' && file !== null) this.#seen?.missed(file);
    // Git removes what it has packed; if something needed is nowhere, that will be named.
    if (status === 'deleted' && git?.names.isObject(path)) git.lose(path);
    else this.#report.incomplete(path, status, detail);
  }
}
