import { isEmptySnapshot } from '../format/index-root.ts';
import { type Judged, judgeRetention, type KeepReason, type Retainable, type RetentionPolicy } from './retention.ts';
import type { ShelfRow } from './scan-shelf.ts';
import { type ShelfSource, type ShelvedSnapshot, sourceKey, sourceOf } from './shelved-snapshot.ts';

/** What a policy makes of the snapshots of one source. */
export interface PruneGroup {
  /** Null for snapshots that do not say. */
  source: ShelfSource | null;
  /** Newest first. */
  keep: { snapshot: ShelvedSnapshot; reasons: KeepReason[] }[];
  /** In the order of removal: oldest first. */
  remove: ShelvedSnapshot[];
}

/** The rows of one source, and what becomes of each. */
export interface PlannedGroup {
  source: ShelfSource | null;
  judged: Judged<PlannedRow>[];
}

interface PlannedRow extends Retainable {
  row: ShelfRow;
}

/** Makes the last good backup of a group known; rejects with what ends the whole operation. */
export type Prove = (row: ShelfRow) => Promise<void>;

/**
 * Why no rule applies to a snapshot: it is an archive from elsewhere, damaged, not to be read, holds nothing (`restoreBackup` refuses it), or is
 * dated in the future, so that it would take the place of real ones until that time comes.
 */
export type UntouchedReason = 'unsealed' | 'damaged' | 'unreadable' | 'empty' | 'in the future';

/** Clocks of two machines differ by less. What is dated further ahead is not taken for the newest. */
const CLOCK_TOLERANCE_MS = 10 * 60 * 1000;

/** Why a snapshot takes no part in retention; null when it does. */
export function untouchedReason({ snapshot: { state, totals, time } }: ShelfRow, now: Date): UntouchedReason | null {
  if (state === 'unusable') return 'damaged';
  if (state !== 'sealed') return state;
  if (totals !== null && isEmptySnapshot(totals)) return 'empty';
  return time.getTime() > now.getTime() + CLOCK_TOLERANCE_MS ? 'in the future' : null;
}

/** The snapshots that take part in retention, by source. */
export function groupBySource(rows: readonly ShelfRow[], now: Date): ShelfRow[][] {
  const groups = new Map<string, ShelfRow[]>();
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
 * has losses, the newest without; and those from before a drop. What was remembered of them counts for nothing, for bytes can rot without a trace.
 * One that turns out damaged is left out, and the rules are applied again without it.
 *
 * @param prove verifies the file and notes the outcome in the row
 */
export async function planGroup(
  group: readonly ShelfRow[],
  policy: RetentionPolicy,
  prove: Prove,
): Promise<PlannedGroup> {
  const source = sourceOf(group[0]?.snapshot.manifest ?? null);
  const verified = new Set<ShelfRow>();
  for (;;) {
    const planned = group
      .filter(({ snapshot }) => snapshot.state === 'sealed')
      .map((row) => plannedRow(row, verified.has(row)));
    const judged = judgeRetention(planned, policy);
    if (judged.every(({ reasons }) => reasons.length > 0)) return { source, judged };
    const needed = [
      judged[0],
      judged.find(({ snapshot }) => snapshot.complete),
      ...judged.filter(({ reasons }) => reasons.includes('before a drop')),
    ];
    const unverified = needed.find((candidate) => candidate?.snapshot.proven === false);
    if (unverified === undefined) return { source, judged };
    const { row } = unverified.snapshot;
    await prove(row);
    verified.add(row);
  }
}

function plannedRow(row: ShelfRow, proven: boolean): PlannedRow {
  const { name, time, losses, totals } = row.snapshot;
  return { row, name, time, proven, complete: losses === 0, files: totals?.files ?? 0, bytes: totals?.bytes ?? 0 };
}
