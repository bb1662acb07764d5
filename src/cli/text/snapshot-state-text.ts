import type { SnapshotInfo } from '../../catalog/snapshot-info.ts';

/** A snapshot of a folder as `--json` has it; see OUTPUT.md. */
export function snapshotInfoFields(snapshot: SnapshotInfo): Record<string, unknown> {
  const { verifiedAt, quickVerifiedAt, ...rest } = snapshot;
  const { name, path, length, time, state, manifest, totals, incomplete, problem, growth } = rest;
  const verified = { verified_at: verifiedAt, quick_verified_at: quickVerifiedAt };
  return { name, path, length, time, state, manifest, totals, incomplete, problem, ...verified, growth };
}
