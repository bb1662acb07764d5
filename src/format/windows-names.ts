import type { Entry } from './entry.ts';

// Drives and roots of Windows, and its ways up: bsdtar and node-tar take them off, on every system, or leave the entry out.
const ROOT = /^(?:[a-z]:|\\)/i;
const UP = /(?:^|[\\/])\.\.(?:\\|$)|\\\.\.(?:\/|$)/;

/** Whether bsdtar 3.6 or node-tar 7.5 would give an entry another name or target, or leave it out, since that means more on Windows; and which. */
export function meansMoreOnWindows({
  path,
  type,
  link,
}: Pick<Entry, 'path' | 'type' | 'link'>): 'name' | 'target' | null {
  if (isOther(path)) return 'name';
  if (link === undefined) return null;
  // A symbolic link's may begin with `..`; a hard link's is a path.
  const isOtherLink = type === 'symlink' ? ROOT.test(link) || (link.includes('\\') && UP.test(link)) : isOther(link);
  return isOtherLink ? 'target' : null;
}

function isOther(path: string): boolean {
  return ROOT.test(path) || UP.test(path);
}
