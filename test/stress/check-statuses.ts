import { type CreateResult, isIncomplete, type RestoreResult, type VerifyResult } from 'oxios-backup';
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
export function checkStatuses({ created, verified, restored }: Told, locks: boolean): string[] {
  const broken: string[] = [];
  if (!verified.valid) broken.push(...verified.problems.map(({ paths, message }) => `${paths.join(', ')}: ${message}`));
  const incomplete = created.statuses.filter(({ status }) => isIncomplete(status));
  for (const { path, status, detail } of incomplete) {
    const expected =
      // Its first rotation, before there was anything of that name to be listed.
      (status === 'unreadable' && path === `${ROTATED_LOG}.1`) ||
      (status === 'inconsistent' && MAY_CHANGE.includes(path)) ||
      (!locks && DATABASES.some((database) => database.path === path));
    if (!expected) broken.push(`${path}: ${status}: ${detail}`);
  }
  if (created.complete !== (incomplete.length === 0))
    broken.push(`complete is ${created.complete}, with ${incomplete.length} incomplete`);
  if (restored.complete !== created.complete) broken.push(`complete is ${restored.complete} when restored`);
  const told = JSON.stringify(created.statuses);
  if (JSON.stringify(verified.statuses) !== told) broken.push('the snapshot tells other statuses than its maker');
  if (JSON.stringify(restored.statuses) !== told) broken.push('the restore tells other statuses than the maker');
  if (restored.restored.entries !== created.totals.entries) broken.push('the restore tells another number of entries');
  return broken;
}
