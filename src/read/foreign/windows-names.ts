import { BackupError } from '../../errors.ts';
import type { Entry } from '../../format/entry.ts';
import { meansMoreOnWindows } from '../../format/windows-names.ts';
import { formatPaths } from '../../validate/problem.ts';

/**
 * Refuses an entry of a foreign archive that some readers of tar would give another name or target.
 *
 * @throws BackupError `UNSAFE_NAME`, `UNSAFE_LINK`
 */
export function refuseWindowsNames(entry: Entry): void {
  const { path } = entry;
  const what = meansMoreOnWindows({ ...entry, path: path.replace(/^\.\//, '') });
  if (what === null) return;
  throw new BackupError(
    what === 'name' ? 'UNSAFE_NAME' : 'UNSAFE_LINK',
    `${formatPaths([path])} has a ${what} that some readers of tar change, for it means more on Windows`,
    {
      path,
      hint: 'Give it another name, and pack the archive again.',
    },
  );
}
