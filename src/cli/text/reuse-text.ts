import path from 'node:path';
import type { ReuseReport } from '../../index.ts';
import { count, formatBytes } from './amounts.ts';

/** What was copied from a parent, as `--json` has it; see OUTPUT.md. */
export function reuseFields(reuse: ReuseReport | null): Record<string, unknown> | null {
  if (reuse === null) return null;
  const { parent, parentCreatedAt, copiedBytes, storedBytes, readFiles, unreadFiles, rescan, damage } = reuse;
  return {
    parent,
    parent_created_at: parentCreatedAt,
    copied_bytes: copiedBytes,
    stored_bytes: storedBytes,
    read_files: readFiles,
    unread_files: unreadFiles,
    rescan,
    damage,
  };
}

/** `92 % copied from NAME, 41 files read`. */
export function copiedText(reuse: ReuseReport): string {
  const { parent, copiedBytes, storedBytes, readFiles, rescan, damage } = reuse;
  const share = storedBytes === 0 ? 0 : Math.floor((copiedBytes / storedBytes) * 100);
  const why = rescan ? ' (rescan)' : '';
  const damaged = damage.length === 0 ? '' : `; THE PARENT IS DAMAGED: ${count(damage.length, 'place')}`;
  return `${share} % copied from ${path.basename(parent)}, ${count(readFiles, 'file')} read${why}${damaged}`;
}

/** The same of a snapshot that is not made yet. */
export function expectedReuseText({ parent, copiedBytes, readFiles }: ReuseReport): string {
  return `at least ${formatBytes(copiedBytes)} copied from ${path.basename(parent)}, ${count(readFiles, 'file')} read`;
}
