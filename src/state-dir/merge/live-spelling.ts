import { lstatSync } from 'node:fs';
import { foldName } from '../../format/fold-name.ts';
import { type BytePath, childNames, joinBytes } from '../../system/byte-path.ts';

/** What distinguishes one file from another. */
interface Identity {
  dev: number | bigint;
  ino: number | bigint;
}

/** What was found out about one directory. */
interface Known {
  /** Whether it takes `A` for `a`, or a composed letter for a decomposed one; undefined until a name shows it. */
  foldsCase?: boolean | undefined;
  foldsForm?: boolean | undefined;
  /** Its names as they are stored, by themselves and folded. */
  exact?: Set<string>;
  folded?: Map<string, BytePath>;
}

/**
 * Finds how names are stored in directories that may fold them: on such a file system `notes.json` finds `Notes.json`.
 *
 * Each directory is asked by a name that is in it: one may fold where the next does not (a volume, a flag of ext4). Only one
 * that folds is listed.
 */
export class LiveSpelling {
  readonly #known = new Map<string, Known>();

  /** The name under which what `name` finds in a directory is stored there. */
  of(directory: BytePath, name: BytePath, found: Identity): BytePath {
    const text = name.toString('utf8');
    if (!Buffer.from(text).equals(name) || !this.#mayFold(directory, text, found)) return name;
    const known = this.#list(directory);
    if (known.exact.has(text)) return name;
    return known.folded.get(foldName(text)) ?? storedName(directory, found) ?? name;
  }

  /** Also true where this name cannot say: then the directory is listed. */
  #mayFold(directory: BytePath, name: string, found: Identity): boolean {
    const known = this.#about(directory);
    const otherCase = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
    if (otherCase !== name) known.foldsCase ??= meets(directory, otherCase, found);
    const otherForm = name === name.normalize('NFC') ? name.normalize('NFD') : name.normalize('NFC');
    if (otherForm !== name) known.foldsForm ??= meets(directory, otherForm, found);
    if (known.foldsCase === true || known.foldsForm === true) return true;
    return (
      (otherCase !== name && known.foldsCase === undefined) || (otherForm !== name && known.foldsForm === undefined)
    );
  }

  #list(directory: BytePath): { exact: Set<string>; folded: Map<string, BytePath> } {
    const known = this.#about(directory);
    if (known.exact === undefined || known.folded === undefined) {
      known.exact = new Set();
      known.folded = new Map();
      for (const name of childNames(directory)) {
        known.exact.add(name.toString('utf8'));
        known.folded.set(foldName(name.toString('utf8')), name);
      }
    }
    return { exact: known.exact, folded: known.folded };
  }

  #about(directory: BytePath): Known {
    const key = directory.toString('latin1');
    const known = this.#known.get(key) ?? {};
    this.#known.set(key, known);
    return known;
  }
}

/** Whether another spelling of a name finds the same; undefined where it is too long to be a name: composed, 29 syllables of Hangul have 87 bytes, and decomposed 261. */
function meets(directory: BytePath, name: string, found: Identity): boolean | undefined {
  try {
    const other = lstatSync(joinBytes(directory, Buffer.from(name)), { throwIfNoEntry: false });
    return other !== undefined && isSame(other, found);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

function isSame(a: Identity, b: Identity): boolean {
  return Number(a.ino) === Number(b.ino) && Number(a.dev) === Number(b.dev);
}

/** By its inode: the file system folds in a way that is not ours. */
function storedName(directory: BytePath, found: Identity): BytePath | undefined {
  return childNames(directory).find((name) => {
    const stats = lstatSync(joinBytes(directory, name), { throwIfNoEntry: false });
    return stats !== undefined && isSame(stats, found);
  });
}
