import { BackupError } from '../../errors.ts';
import type { Entry } from '../../format/entry.ts';
import { someOf } from '../problem.ts';

// Drives and roots of Windows, and its ways up: bsdtar and node-tar take them off, on every system, or leave the entry out.
const ROOT = /^(?:[a-z]:|\\)/i;
const UP = /(?:^|[\\/])\.\.(?:\\|$)|\\\.\.(?:\/|$)/;

/**
 * Refuses an entry of an archive from elsewhere that some readers of tar would give another name or target.
 *
 * @throws BackupError `UNSAFE_NAME`, `UNSAFE_LINK`
 */
export function refuseWindowsNames({ path, type, link }: Entry): void {
  if (isOther(path.replace(/^\.\//, ''))) throw refusal('UNSAFE_NAME', path, 'name');
  if (type === 'symlink' && link !== undefined && ROOT.test(link)) throw refusal('UNSAFE_LINK', path, 'target');
  if (type === 'symlink' && link?.includes('\\') && UP.test(link)) throw refusal('UNSAFE_LINK', path, 'target');
}

function isOther(path: string): boolean {
  return ROOT.test(path) || UP.test(path);
}

function refusal(code: 'UNSAFE_NAME' | 'UNSAFE_LINK', path: string, what: string): BackupError {
  return new BackupError(
    code,
    `${someOf([path])} has a ${what} that some readers of tar change, for it means more on Windows`,
    {
      path,
      hint: 'Give it another name, and pack the archive again.',
    },
  );
}
