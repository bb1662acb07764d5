import type { Selection } from '../patterns/selection.ts';
import type { OpenSnapshot } from '../read/open-snapshot.ts';
import { planForeign } from './foreign-contents.ts';
import { checkSpace } from './free-space.ts';
import { refusalsOf } from './refusals.ts';
import type { PlanOptions, RestoreDestination, RestorePlan } from './restore-plan.ts';
import { planSealed } from './sealed-contents.ts';

/**
 * Plans a restore of a snapshot, which is validated for it, by the rules of this platform: a sealed one by its index, a foreign
 * archive by reading it to its end.
 *
 * @returns a plan; `contents` is to be closed
 * @throws BackupError when there is nothing to plan: the snapshot is not valid, or holds nothing of what was asked for
 */
export async function planRestoreTo(
  destination: RestoreDestination,
  opened: OpenSnapshot,
  selection: Selection | null,
  options: PlanOptions,
): Promise<RestorePlan> {
  const { mode = 'create', externalLinks = 'refuse' } = options;
  const contents =
    opened.kind === 'sealed'
      ? await planSealed(opened, selection, options)
      : await planForeign(opened, selection, options);
  try {
    const { abilities, directory } = destination.fileSystem;
    const size = abilities.holes ? contents.size : { ...contents.size, holes: 0 };
    const plan = {
      destination,
      mode,
      selection,
      contents,
      merges: mode === 'merge' && destination.hasContent,
      skipped: new Set(externalLinks === 'skip' ? contents.external.map(({ path }) => path) : []),
      space: checkSpace(directory, size, abilities.hardLinks ? 0 : await contents.bytesOfCopies()),
    };
    return { ...plan, refusals: () => refusalsOf(plan, options) };
  } catch (error) {
    await contents.close();
    throw error;
  }
}
