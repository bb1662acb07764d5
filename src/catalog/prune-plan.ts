import { isEmptySnapshot } from '../format/index-root.ts';
import { isInTheFuture } from '../system/is-in-the-future.ts';
import { applyRetention, type Decided, type KeepReason, type Retainable, type RetentionPolicy } from './retention.ts';
import type { ScannedSnapshot } from './scan-folder.ts';
import { type SnapshotInfo, type StateSource, sourceKey, sourceOf } from './snapshot-info.ts';

/** What a policy decides on the snapshots of one source. */
export interface PruneGroup {
  /** The source; null for snapshots whose manifest does not name it. */
  source: StateSource | null;
  /** Snapshots that are kept, newest first, each with every reason for it. */
  keep: { snapshot: SnapshotInfo; reasons: KeepReason[] }[];
  /** Snapshots that are removed, in that order: oldest first. */
  remove: SnapshotInfo[];
}

/** The rows of one source, and what becomes of each. */
export interface PlannedGroup {
  source: StateSource | null;
  decided: Decided<PlannedRow>[];
}

interface PlannedRow extends Retainable {
  row: ScannedSnapshot;
}

/** Makes the last good backup of a group known; rejects with what ends the whole operation. */
export type Verify = (row: ScannedSnapshot) => Promise<void>;

/**
 * Why no rule applies to a snapshot: it is a foreign archive, it is damaged, it cannot be read, it holds nothing (`restoreSnapshot` refuses it),
 * or its time is in the future, so that it would displace others until that time comes.
 */
export type UntouchedReason = 'foreign' | 'damaged' | 'unreadable' | 'empty' | 'in the future';

/** Why a snapshot takes no part in retention; null when it does. */
export function untouchedReason(
  { snapshot: { state, totals, time } }: ScannedSnapshot,
  now: Date,
): UntouchedReason | null {
  if (state === 'unusable') return 'damaged';
  if (state !== 'sealed') return state;
  if (totals !== null && isEmptySnapshot(totals)) return 'empty';
  return isInTheFuture(time, now) ? 'in the future' : null;
}

/** The snapshots that take part in retention, by source. */
export function groupBySource(rows: readonly ScannedSnapshot[], now: Date): ScannedSnapshot[][] {
  const groups = new Map<string, ScannedSnapshot[]>();
  for (const row of rows) {
    if (untouchedReason(row, now) !== null) continue;
    const key = sourceKey(sourceOf(row.snapshot.manifest));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/**
 * Decides on one group. As long as something would go, the snapshots that are to remain as the last good backup are verified first: the newest; if that
 * is incomplete, the newest complete one; and those from before a drop. What was remembered of them counts for nothing, for bytes can rot without a trace.
 * One that turns out damaged is omitted, and the rules are applied again without it.
 *
 * @param verify verifies the file and notes the outcome in the row
 */
export async function planGroup(
  group: readonly ScannedSnapshot[],
  policy: RetentionPolicy,
  verify: Verify,
): Promise<PlannedGroup> {
  const source = sourceOf(group[0]?.snapshot.manifest ?? null);
  const verified = new Set<ScannedSnapshot>();
  for (;;) {
    const planned = group
      .filter(({ snapshot }) => snapshot.state === 'sealed')
      .map((row) => plannedRow(row, verified.has(row)));
    const decided = applyRetention(planned, policy);
    if (decided.every(({ reasons }) => reasons.length > 0)) return { source, decided };
    const needed = [
      decided[0],
      decided.find(({ snapshot }) => snapshot.complete),
      ...decided.filter(({ reasons }) => reasons.includes('before a drop')),
    ];
    const unverified = needed.find((candidate) => candidate?.snapshot.verified === false);
    if (unverified === undefined) return { source, decided };
    const { row } = unverified.snapshot;
    await verify(row);
    verified.add(row);
  }
}

function plannedRow(row: ScannedSnapshot, verified: boolean): PlannedRow {
  const { name, time, incomplete, totals } = row.snapshot;
  return {
    row,
    name,
    time,
    verified,
    complete: incomplete === 0,
    files: totals?.files ?? 0,
    bytes: totals?.bytes ?? 0,
  };
}
