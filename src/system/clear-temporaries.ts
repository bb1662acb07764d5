import fs from 'node:fs';
import path from 'node:path';
import type { BackupEvent } from '../events.ts';
import { type Mark, type Usage, usageOf } from './liveness.ts';
import { describeRemaining, removeTree } from './remove-tree.ts';
import { temporaryMark } from './temporary-names.ts';

const LEFT_BY: Record<Exclude<Usage, 'in-use'>, string> = {
  dead: 'was left by a run that was killed',
  silent: 'was left by a run on another machine or in another container that gave no sign of life for a day',
};

/** Removes what runs that were killed left in a folder, and names it. Never fails: it is a courtesy. */
export async function clearTemporaries(
  directory: string,
  onEvent: ((event: BackupEvent) => void) | undefined,
): Promise<void> {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch {
    return;
  }
  for (const name of names) {
    const mark = temporaryMark(directory, name);
    if (mark === null) continue;
    const usage = usageNow(mark);
    if (usage === 'in-use') continue;
    const { remaining } = await removeTree(mark.path);
    const outcome = remaining.length === 0 ? 'removed' : `cannot be removed: ${describeRemaining(remaining)}`;
    onEvent?.({ type: 'notice', path: path.resolve(mark.path), message: `${LEFT_BY[usage]}; ${outcome}` });
  }
}

function usageNow(mark: Mark): Usage {
  try {
    return usageOf(mark, Date.now());
  } catch {
    // Gone meanwhile, or it cannot be looked at.
    return 'in-use';
  }
}
