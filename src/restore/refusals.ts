import { BackupError } from '../errors.ts';
import { isEmptySnapshot } from '../format/index-root.ts';
import { externalLinksError } from './external-links.ts';
import { spaceError } from './free-space.ts';
import { collisionError } from './name-collisions.ts';
import type { PlanOptions, RestorePlan } from './restore-plan.ts';
import { strayError } from './stray-side-files.ts';
import { symlinksError } from './target-abilities.ts';
import { longMergeError, nameError } from './target-names.ts';

export function partialReplaceError(): BackupError {
  return new BackupError('USAGE', 'a part of a snapshot cannot replace a whole state directory', {
    hint: "Add it to what is there with `mode: 'merge'`, or restore it into an empty directory.",
  });
}

/** The reasons to refuse a plan, in order. The run throws the first, a dry run names them all. */
export async function* refusalsOf(
  { destination, contents, merges, selection, skipped, space }: Omit<RestorePlan, 'refusals'>,
  { allowEmpty = false, externalLinks = 'refuse' }: PlanOptions,
): AsyncGenerator<BackupError, void, void> {
  const { fileSystem, target, staging } = destination;
  const { external, unusual } = contents;
  if (!allowEmpty && isEmptySnapshot(contents.holds)) yield emptySnapshotError();
  if (external.length > 0 && externalLinks === 'refuse') yield externalLinksError(external);
  yield* some(nameError(fileSystem.holdsName, target, unusual));
  if (merges) yield* some(longMergeError(staging, unusual));
  if (!fileSystem.abilities.symlinks) {
    const links = (await contents.symlinks()).filter((path) => !skipped.has(path));
    yield* some(symlinksError(links, fileSystem.directory));
  }
  yield* some(spaceError(fileSystem.directory, space));
  yield* some(await collisionError(fileSystem.folding(), contents.paths));
  if (merges) yield* some(await strayError(target, contents.paths, selection));
}

function some(error: BackupError | null): BackupError[] {
  return error === null ? [] : [error];
}

function emptySnapshotError(): BackupError {
  return new BackupError('SNAPSHOT_EMPTY', 'the snapshot holds no file at all: restoring it would leave nothing', {
    hint: 'If that is what you want, add `allowEmpty`.',
  });
}
