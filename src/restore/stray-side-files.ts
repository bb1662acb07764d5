import path from 'node:path';
import { BackupError } from '../errors.ts';
import type { Notice } from '../events.ts';
import { parentOf } from '../format/path-order.ts';
import type { Selection } from '../patterns/selection.ts';
import { isSqliteDatabase } from '../state-dir/merge/database-side-files.ts';
import { bytePath } from '../system/byte-path.ts';
import { databaseOf } from '../system/sqlite-files.ts';
import { formatPaths } from '../validate/problem.ts';
import { isDirectoryBelow } from './live-directory.ts';

/**
 * Why a merge must not put the log or journal of a database in place without the database, where one of that name is live: SQLite would write what it
 * holds into that one, or miss what is in its own. A snapshot holds such a file alone where its database was gone, or was excluded; an archive of
 * others, where only a part of it is wanted.
 *
 * @param target the state directory
 * @param paths everything that may come; it is gone through once, and again where there are such files
 * @param selection what of it comes; null for all
 * @returns an `ENTRY_CONFLICT`; null if there is none
 */
export async function strayError(
  target: string,
  paths: () => AsyncIterable<Iterable<string>> | Iterable<Iterable<string>>,
  selection: Selection | null,
): Promise<BackupError | null> {
  const comes = (each: string) => selection?.wants(each, false) ?? true;
  const sideFiles = new Map<string, string[]>();
  for await (const run of paths()) {
    for (const each of run) {
      const database = databaseOf(each);
      if (database === null || !comes(each)) continue;
      const known = sideFiles.get(database);
      if (known === undefined) sideFiles.set(database, [each]);
      else known.push(each);
    }
  }
  if (sideFiles.size === 0) return null;
  for await (const run of paths())
    for (const each of run) if (sideFiles.has(each) && comes(each)) sideFiles.delete(each);
  const stray = [...sideFiles].filter(([database]) => isLiveDatabase(target, database));
  if (stray.length === 0) return null;
  const files = stray.flatMap(([, each]) => each).sort();
  return new BackupError(
    'ENTRY_CONFLICT',
    `${formatPaths(files)} would come without the database beside which SQLite looks for it, and another state of that is live`,
    { path: files[0], hint: 'Choose by `paths` what is merged: without it, or with its database.' },
  );
}

/** Where something else is live in place of its directory, the merge replaces that, and no database is beside what comes. */
function isLiveDatabase(target: string, database: string): boolean {
  const parent = parentOf(database);
  const isReachable = parent === '' || isDirectoryBelow(target, parent);
  return isReachable && isSqliteDatabase(bytePath(path.join(target, database)));
}

/**
 * Says of a database that is wanted of an archive of others without the log or journal that lies beside it there: what is committed may be in that,
 * or what is to be rolled back. By their names, so that it may be no database.
 *
 * @param paths everything in the archive
 */
export function separatedNotices(paths: () => Iterable<string>, selection: Selection | null): Notice[] {
  if (selection === null) return [];
  const left = new Map<string, string>();
  for (const each of paths()) {
    const database = databaseOf(each);
    if (database !== null && !each.endsWith('-shm') && !selection.wants(each, false)) left.set(database, each);
  }
  if (left.size === 0) return [];
  return [...paths()].flatMap((path) => {
    const side = left.get(path);
    if (side === undefined || !selection.wants(path, false)) return [];
    const message = `is restored without ${formatPaths([side])}, in which SQLite keeps a part of a database`;
    return [{ path, message, hint: 'Restore both, if it is a database (`paths`).' }];
  });
}
