import { type Judged, judgeRetention, type KeepReason, type RetentionPolicy } from './retention.ts';
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

interface PlannedRow {
  row: ShelfRow;
  name: string;
  time: Date;
  proven: boolean;
  complete: boolean;
}

/** Makes the last good backup of a group known; rejects with what ends the whole operation. */
export type Prove = (row: ShelfRow) => Promise<void>;

/** The sealed snapshots, by source. Only they take part in retention. */
export function groupBySource(rows: readonly ShelfRow[]): ShelfRow[][] {
  const groups = new Map<string, ShelfRow[]>();
  for (const row of rows) {
    if (row.snapshot.state !== 'sealed') continue;
    const key = sourceKey(sourceOf(row.snapshot.manifest));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/**
 * Decides on one group. As long as something would go by the policy, the snapshots that are to remain as the last good backup are proven first: the newest, and if that
 * has losses, the newest without. One that turns out damaged counts for nothing, and the rules are applied again without it.
 */
export async function planGroup(
  group: readonly ShelfRow[],
  policy: RetentionPolicy,
  prove: Prove,
): Promise<PlannedGroup> {
  const source = sourceOf(group[0]?.snapshot.manifest ?? null);
  for (;;) {
    const planned = group.filter(({ snapshot }) => snapshot.state === 'sealed').map(plannedRow);
    const judged = judgeRetention(planned, policy);
    if (judged.every(({ reasons }) => reasons.some(isByRule))) return { source, judged };
    const newest = judged[0]?.snapshot;
    const complete = judged.find(({ snapshot }) => snapshot.complete)?.snapshot;
    const unproven = [newest, complete].find((candidate) => candidate?.proven === false);
    if (unproven === undefined) return { source, judged };
    await prove(unproven.row);
  }
}

/** Whether it is the policy that keeps a snapshot. An old proof must not spare the newer ones theirs. */
function isByRule(reason: KeepReason): boolean {
  return reason !== 'newest proven' && reason !== 'newest complete';
}

function plannedRow(row: ShelfRow): PlannedRow {
  const { name, time, provenAt, losses } = row.snapshot;
  return { row, name, time, proven: provenAt !== null, complete: losses === 0 };
}
