import { type BigIntStats, statSync } from 'node:fs';
import { BackupError } from '../errors.ts';
import { storedPath } from '../state-dir/stored-path.ts';
import { fromSystemError } from '../system-errors.ts';
import type { Attributes } from './capture-item.ts';
import { attributesOf } from './file-state.ts';
import { systemReason } from './system-reason.ts';

/** The state directory itself, which has no entry. */
export type TopAttributes = Omit<Attributes, 'path'>;

/**
 * Looks at the state directory itself.
 *
 * @returns its absolute path, as it is stored, and what the root of the index says about it
 * @throws BackupError `STATE_DIR_MISSING`, `PERMISSION`, `IO`
 */
export function openStateDir(stateDir: string): { root: string; top: TopAttributes } {
  const root = storedPath(stateDir);
  let stat: BigIntStats;
  try {
    stat = statSync(root, { bigint: true });
  } catch (error) {
    if (systemReason(error).status === 'deleted') throw missing(root, 'does not exist');
    throw fromSystemError(error, 'look at the state directory', root);
  }
  if (!stat.isDirectory()) throw missing(root, 'is not a directory');
  return { root, top: attributesOf(stat) };
}

function missing(root: string, what: string): BackupError {
  return new BackupError('STATE_DIR_MISSING', `the state directory ${root} ${what}`, {
    path: root,
    hint: 'Name the right one by `stateDir`.',
  });
}
