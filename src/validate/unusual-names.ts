/** A component of a path that some file system cannot hold, and the path. */
export interface UnusualName {
  path: string;
  name: string;
}

/**
 * For each trait that keeps a name out of some file systems one name that has it, and the longest path. Which of them matter, the file system
 * that they would go to is asked, with one name for each trait.
 */
export interface UnusualNames {
  /** By trait: a character, `control`, `end` (a final dot or blank), `long` (the longest of more than 255 bytes). */
  byTrait: Map<string, UnusualName>;
  /** The longest path in bytes. */
  longest: { path: string; bytes: number };
}

export function noUnusualNames(): UnusualNames {
  return { byTrait: new Map(), longest: { path: '', bytes: 0 } };
}

/** What FAT, exFAT, NTFS or a share of Windows does not take. */
const ODD = /[\\:*?"<>|\u0000-\u001f\u007f]|[. ](?=\/|$)/;
const ODD_CHARACTERS = /[\\:*?"<>|\u0000-\u001f\u007f]/g;
/** Names of most file systems; APFS and NTFS count characters instead. */
const COMMON_NAME_BYTES = 255;
const MOST_BYTES_PER_UNIT = 3;

/** Notes what is unusual about the path of an entry. */
export function noteUnusual(unusual: UnusualNames, path: string): void {
  if (path.length * MOST_BYTES_PER_UNIT > unusual.longest.bytes) {
    const bytes = Buffer.byteLength(path);
    if (bytes > unusual.longest.bytes) unusual.longest = { path, bytes };
  }
  if (ODD.test(path)) for (const name of path.split('/')) noteOdd(unusual.byTrait, path, name);
  if (path.length * MOST_BYTES_PER_UNIT > COMMON_NAME_BYTES)
    for (const name of path.split('/')) noteLong(unusual.byTrait, path, name);
}

/** The same of a path that is plain (`isPlainPath`): only its length can be. */
export function notePlain(unusual: UnusualNames, path: string): void {
  if (path.length > unusual.longest.bytes) unusual.longest = { path, bytes: path.length };
}

/** Adds what was noted of other entries. */
export function addUnusual(unusual: UnusualNames, more: UnusualNames): void {
  if (more.longest.bytes > unusual.longest.bytes) unusual.longest = more.longest;
  for (const [trait, one] of more.byTrait) {
    if (trait === 'long') noteLong(unusual.byTrait, one.path, one.name);
    else if (!unusual.byTrait.has(trait)) unusual.byTrait.set(trait, one);
  }
}

function noteOdd(byTrait: UnusualNames['byTrait'], path: string, name: string): void {
  const traits = [...name.matchAll(ODD_CHARACTERS)].map(([character]) => (character < ' ' ? 'control' : character));
  if (/[. ]$/.test(name)) traits.push('end');
  for (const trait of traits) if (!byTrait.has(trait)) byTrait.set(trait, { path, name });
}

function noteLong(byTrait: UnusualNames['byTrait'], path: string, name: string): void {
  if (name.length * MOST_BYTES_PER_UNIT <= COMMON_NAME_BYTES) return;
  const bytes = Buffer.byteLength(name);
  if (bytes > Math.max(COMMON_NAME_BYTES, Buffer.byteLength(byTrait.get('long')?.name ?? '')))
    byTrait.set('long', { path, name });
}
