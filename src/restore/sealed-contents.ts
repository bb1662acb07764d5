import type { Selection } from '../patterns/selection.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';
import { blocksFor, type EntryRuns } from '../read/read-entries.ts';
import type { ReadPool } from '../read/read-pool.ts';
import { validateSnapshot } from '../read/validate-snapshot.ts';
import { HERE } from '../system/platform.ts';
import { externalLinksOf } from './external-links.ts';
import { extractSealed, startRestorePool } from './extract-sealed.ts';
import { planAll, plannedEntries } from './extraction-plan.ts';
import { planSelection } from './plan-selection.ts';
import type { ContentsOptions, PlannedContents } from './planned-contents.ts';
import { refuseProblems } from './refuse-problems.ts';
import { bytesOfCopies } from './target-abilities.ts';

/** Node.js sets times to the microsecond, so a restore keeps no more than that. */
const TIME_UNIT_NS = 1000;

/**
 * Plans by the index what is to be written of a sealed snapshot.
 *
 * @throws BackupError with the first thing that is wrong; `ENTRY_NOT_FOUND` when nothing is wanted
 */
export async function planSealed(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  { signal, threads, pool: started = null }: ContentsOptions,
): Promise<PlannedContents> {
  // A part is planned without threads.
  let pool: ReadPool | null = started;
  const openPool = async (): Promise<ReadPool> => {
    pool ??= await startRestorePool(snapshot, threads, blocksFor(snapshot, selection));
    return pool;
  };
  const close = async () => pool?.close();
  const planWhole = async () => {
    const validator = await validateSnapshot(snapshot, await openPool(), signal);
    refuseProblems(validator);
    const external = externalLinksOf(validator, HERE.os);
    return { plan: planAll(snapshot, validator.holes), external, unusual: validator.unusual };
  };
  try {
    const { plan, external, unusual } =
      selection === null ? await planWhole() : await planSelection(snapshot, selection, HERE.os);
    const entries = () => plannedEntries(snapshot, plan);
    return {
      manifest: snapshot.manifest,
      sealed: true,
      size: { entries: plan.entries, files: plan.files, bytes: plan.bytes, holes: plan.holes },
      external,
      unusual,
      holds: snapshot.root.totals,
      notices: [],
      statuses: snapshot.root.statuses,
      directory: snapshot.root.directory,
      timeUnit: TIME_UNIT_NS,
      paths: () => pathsOf(entries()),
      symlinks: () => symlinksIn(entries()),
      bytesOfCopies: () => bytesOfCopies(entries),
      entries,
      extract: async (tree, options) => extractSealed(snapshot, await openPool(), plan, tree, options),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* pathsOf(entries: EntryRuns): AsyncGenerator<string[], void, void> {
  for await (const run of entries) yield run.map(({ path }) => path);
}

async function symlinksIn(entries: EntryRuns): Promise<string[]> {
  const paths: string[] = [];
  for await (const run of entries) for (const { path, type } of run) if (type === 'symlink') paths.push(path);
  return paths;
}
