import { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { formatPaths } from '../validate/problem.ts';

/** What to say of a path that is no entry. */
export function entryNotFound(path: string): BackupError {
  return new BackupError('ENTRY_NOT_FOUND', `the snapshot holds no ${formatPaths([path])}`, {
    path,
    hint: 'Look at what it holds with `listEntries()`.',
  });
}

/** What to say of an entry that has no content. */
export function notAFile({ path, type, link }: Entry): BackupError {
  const [what, hint] =
    type === 'directory'
      ? ['is a directory', 'Name a file in it; `listEntries()` shows them.']
      : [`is a symbolic link to ${formatPaths([link ?? ''])}`, 'Name the file that it leads to.'];
  return new BackupError('ENTRY_NOT_FOUND', `${formatPaths([path])} ${what}, not a file`, { path, hint });
}
