import type { Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Problem } from '../validate/problem.ts';

/** What is known of a snapshot in a folder, by both ends of its file and by the verification records of the folder. */
export interface SnapshotInfo {
  /** File name. */
  name: string;
  /** Path of the file, or its `s3://` URL. */
  path: string;
  /** Length of the file in bytes. */
  length: number;
  /**
   * When it was made, by its manifest. If that cannot be read: the time in its name, else when the file was last written.
   */
  time: Date;
  /**
   * What it is. `pruneSnapshots` removes none but sealed ones.
   *
   * - `sealed`: a snapshot with an index and a seal; both ends are valid.
   * - `foreign`: a `.tar.gz` without them that begins with a manifest. It has no digests to be verified against.
   * - `unusable`: damaged, cut short, or of a later version; `problem` says what.
   * - `unreadable`: the system did not let it be read; `problem` says why.
   */
  state: 'sealed' | 'foreign' | 'unusable' | 'unreadable';
  /** The manifest; null if it cannot be read. */
  manifest: Manifest | null;
  /** What it holds; null unless it is sealed. */
  totals: Totals | null;
  /** Number of its files that are inconsistent or unreadable; null unless it is sealed. */
  incomplete: number | null;
  /** Why it is unusable or unreadable; else null. */
  problem: Problem | null;
  /** When every byte of this file was last verified, by `verifyFolder` or `pruneSnapshots`; null if never, or if it was not valid. */
  verifiedAt: Date | null;
  /** When its stored bytes were verified since then, by a quick verification; null if never. */
  quickVerifiedAt: Date | null;
  /** How many bytes longer it is than the snapshot before it of the same source; null for the first, and unless it is sealed. */
  growth: number | null;
}

/** What a snapshot is of. */
export interface StateSource {
  /** Name of the machine. */
  hostname: string;
  /** Absolute path of the state directory there. */
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

/** Enters into each snapshot by how much it has grown. `snapshots` are oldest first. */
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
