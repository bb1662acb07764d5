import type { ShelvedSnapshot } from '../../shelf/shelved-snapshot.ts';

/** A snapshot of a folder as `--json` has it; see OUTPUT.md. */
export function shelvedFields(snapshot: ShelvedSnapshot): Record<string, unknown> {
  const { name, path, length, time, state, manifest, totals, losses, problem, provenAt, growth } = snapshot;
  return { name, path, length, time, state, manifest, totals, losses, problem, proven_at: provenAt, growth };
}
