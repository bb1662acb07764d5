import type { SnapshotInfo } from '../../catalog/snapshot-info.ts';

/** A snapshot of a folder as `--json` has it; see OUTPUT.md. */
export function snapshotInfoFields(snapshot: SnapshotInfo): Record<string, unknown> {
  const { name, path, length, time, state, manifest, totals, incomplete, problem, verifiedAt, growth } = snapshot;
  return { name, path, length, time, state, manifest, totals, incomplete, problem, verified_at: verifiedAt, growth };
}
