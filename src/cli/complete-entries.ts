import { statSync } from 'node:fs';
import { isRemote } from '../location.ts';

/** More would not help, and take time. */
const MOST = 2000;
/** What a shell script that reads lines cannot take over. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const SPECIAL_IN_PATTERNS = /[*?[\]\\]|^!/;

/**
 * The paths inside a snapshot that begin with what is typed, up to the next slash; a directory ends in one. Nothing of what is not there, is
 * damaged, cannot be read quickly (foreign archives, object storage, pipes), or has a name that cannot be typed.
 *
 * @param isPattern whether the word is read as a pattern of gitignore
 */
export async function pathsIn(snapshot: string, typed: string, isPattern: boolean): Promise<string[]> {
  const dot = typed.startsWith('./') ? './' : '';
  const found: string[] = [];
  try {
    if (!(await isQuick(snapshot))) return [];
    const { listEntries } = await import('../inspect/list-entries.ts');
    for await (const { path, type } of listEntries({ snapshot, prefix: typed.slice(dot.length) })) {
      if (UNPRINTABLE.test(path) || (isPattern && SPECIAL_IN_PATTERNS.test(path))) continue;
      found.push(dot + path + (type === 'directory' ? '/' : ''));
      if (found.length === MOST) break;
    }
    return found;
  } catch {
    // Whoever types gets no errors into the line: the command will say them.
    return [];
  }
}

/** The sections that a snapshot has; none where that is not quickly known. */
export async function sectionsIn(snapshot: string): Promise<string[]> {
  try {
    if (!isLocalFile(snapshot)) return [];
    const { showSnapshot } = await import('../inspect/show-snapshot.ts');
    const { manifest, sealed } = await showSnapshot({ snapshot });
    return sealed ? manifest.sections.map(({ name }) => name).filter((name) => !UNPRINTABLE.test(name)) : [];
  } catch {
    return [];
  }
}

/** Whether it has an index. */
async function isQuick(snapshot: string): Promise<boolean> {
  if (!isLocalFile(snapshot)) return false;
  const { showSnapshot } = await import('../inspect/show-snapshot.ts');
  return (await showSnapshot({ snapshot })).sealed;
}

function isLocalFile(snapshot: string): boolean {
  return !isRemote(snapshot) && statSync(snapshot, { throwIfNoEntry: false })?.isFile() === true;
}
