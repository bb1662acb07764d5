/** Rank of a UTF-16 code unit in the order of UTF-8 bytes, with `/` below everything. */
function rank(unit: number): number {
  if (unit === 0x2f) return -1;
  if (unit < 0xd800) return unit;
  // Surrogates stand for code points above U+FFFF, which UTF-8 sorts after U+E000–U+FFFF.
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * The order of entries in a snapshot: UTF-8 bytes, with `/` counted below every other byte, so that a directory is
 * followed by what it holds.
 *
 * @returns a negative number when `a` comes first, a positive one when `b` does, 0 for the same path
 */
export function comparePaths(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Path of the directory that holds `path`; the empty string for the state directory itself. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Whether `path` lies below the directory `ancestor`, at any depth. */
export function isBelow(path: string, ancestor: string): boolean {
  return path.length > ancestor.length && path.startsWith(ancestor) && path.charCodeAt(ancestor.length) === 0x2f;
}
