import { type CreateResult, isLoss, type RestoreResult, type VerifyResult } from 'oxios-backup';
import { DATABASES, IN_PLACE, ROTATED_LOG } from './living-state.ts';

/** What was said of one snapshot when it was made, verified and restored. */
interface Told {
  created: CreateResult;
  verified: VerifyResult;
  restored: RestoreResult;
}

/** What may be lost of a directory that is written to like this one, and nothing else may. */
const MAY_CHANGE: readonly string[] = [...IN_PLACE.map(({ path }) => path), ROTATED_LOG];

/** Losses that are none, or none that this snapshot should have. Without a lock, databases at full speed may be lost. */
export function checkVerdicts({ created, verified, restored }: Told, locks: boolean): string[] {
  const broken: string[] = [];
  if (!verified.valid) broken.push(...verified.problems.map(({ paths, message }) => `${paths.join(', ')}: ${message}`));
  const losses = created.verdicts.filter(({ verdict }) => isLoss(verdict));
  for (const { path, verdict, detail } of losses) {
    const expected =
      // Its first rotation, before there was anything of that name to be listed.
      (verdict === 'unreadable' && path === `${ROTATED_LOG}.1`) ||
      (verdict === 'changed' && MAY_CHANGE.includes(path)) ||
      (!locks && DATABASES.some((database) => database.path === path));
    if (!expected) broken.push(`${path}: ${verdict}: ${detail}`);
  }
  if (created.complete !== (losses.length === 0))
    broken.push(`complete is ${created.complete}, with ${losses.length} losses`);
  if (restored.complete !== created.complete) broken.push(`complete is ${restored.complete} when restored`);
  const told = JSON.stringify(created.verdicts);
  if (JSON.stringify(verified.verdicts) !== told) broken.push('the snapshot tells other verdicts than its maker');
  if (JSON.stringify(restored.verdicts) !== told) broken.push('the restore tells other verdicts than the maker');
  if (restored.restored.entries !== created.totals.entries) broken.push('the restore tells another number of entries');
  return broken;
}
