import type { Selection } from '../patterns/selection.ts';
import { type OpenSnapshot, openSnapshot } from '../read/open-snapshot.ts';
import type { ReadPool } from '../read/read-pool.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { startRestorePool } from './extract-sealed.ts';

/** A snapshot, and the threads that will restore all of it. */
export interface OpenedAhead {
  opened: OpenSnapshot;
  pool: ReadPool;
}

/**
 * Starts the threads of a restore before its target is looked at: they start meanwhile. Only for a local snapshot that is restored as a whole; a
 * part may need none.
 *
 * @returns null where there is nothing to start; also where the snapshot cannot be opened, which is said when it is opened in its turn
 */
export async function openAhead(
  source: RangeReader | null,
  selection: Selection | null,
  threads: number | undefined,
): Promise<OpenedAhead | null> {
  if (source?.descriptor === undefined || selection !== null) return null;
  try {
    const opened = await openSnapshot(source);
    if (opened.kind !== 'sealed') return null;
    return { opened, pool: await startRestorePool(opened, threads, opened.blocks) };
  } catch {
    return null;
  }
}
