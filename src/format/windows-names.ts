import type { Entry } from './entry.ts';

// Drives, roots and `..` as Windows writes them: bsdtar and node-tar strip them, on every system, or skip the entry.
const ROOT = /^(?:[a-z]:|\\)/i;
const UP = /(?:^|[\\/])\.\.(?:\\|$)|\\\.\.(?:\/|$)/;

/** Which of an entry bsdtar 3.6 or node-tar 7.5 would change because it has a meaning on Windows, or skip the entry for it; null for neither. */
export function meansMoreOnWindows({
  path,
  type,
  link,
}: Pick<Entry, 'path' | 'type' | 'link'>): 'name' | 'target' | null {
  if (isOther(path)) return 'name';
  if (link === undefined) return null;
  // The target of a symbolic link may begin with `..`; that of a hard link is a path.
  const isOtherLink = type === 'symlink' ? ROOT.test(link) || (link.includes('\\') && UP.test(link)) : isOther(link);
  return isOtherLink ? 'target' : null;
}

function isOther(path: string): boolean {
  return ROOT.test(path) || UP.test(path);
}
