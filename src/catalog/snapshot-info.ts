import type { Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Problem } from '../read/problem.ts';

/** A snapshot in a folder of snapshots, as its two ends and the folder's memory of records tell. */
export interface SnapshotInfo {
  /** File name. */
  name: string;
  path: string;
  /** Length of the file in bytes. */
  length: number;
  /** When it was made, by its manifest. Of one whose manifest cannot be read, the time in its name (`defaultSnapshotName`), else when the file was last written. */
  time: Date;
  /**
   * - `sealed`: made by oxios-backup, both ends in order.
   * - `foreign`: a .tar.gz from elsewhere that begins with a manifest. It cannot be verified, and `pruneSnapshots` never removes it.
   * - `unusable`: damaged, cut short, or of a later version; `problem` says what. `pruneSnapshots` never removes it.
   * - `unreadable`: the system did not let it be read; `problem` says why. Nothing is known of its content. `pruneSnapshots` never removes it.
   */
  state: 'sealed' | 'foreign' | 'unusable' | 'unreadable';
  manifest: Manifest | null;
  /** Entries and bytes; null unless it has a seal. */
  totals: Totals | null;
  /** Number of entries that were lost when it was made; null unless it has a seal. */
  incomplete: number | null;
  problem: Problem | null;
  /** When every byte of exactly this file was last verified by `verifyFolder` or `pruneSnapshots`; null if never, or if that failed. */
  verifiedAt: Date | null;
  /** When its stored bytes were last verified against their digests since, by a quick verification; null if never. */
  quickVerifiedAt: Date | null;
  /** By how many bytes the file is longer than the one before it of the same source; null for the first, and unless it is sealed. */
  growth: number | null;
}

/** The state directory that a snapshot is of, and its machine. Retention treats each source on its own. */
export interface StateSource {
  hostname: string;
  stateDir: string;
}

/** The source by its manifest; null if that does not say. */
export function sourceOf(manifest: Manifest | null): StateSource | null {
  const source = manifest?.source;
  return source === undefined ? null : { hostname: source.hostname, stateDir: source.state_dir };
}

/** A source as a string, to group by. */
export function sourceKey(source: StateSource | null): string {
  return source === null ? '' : JSON.stringify([source.hostname, source.stateDir]);
}

/** Tells in each snapshot by how much it has grown. `snapshots` are oldest first. */
export function noteGrowth(snapshots: readonly SnapshotInfo[]): void {
  const before = new Map<string, number>();
  for (const snapshot of snapshots) {
    if (snapshot.state !== 'sealed') continue;
    const key = sourceKey(sourceOf(snapshot.manifest));
    const previous = before.get(key);
    if (previous !== undefined) snapshot.growth = snapshot.length - previous;
    before.set(key, snapshot.length);
  }
}
