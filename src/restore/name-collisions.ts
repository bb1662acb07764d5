import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { foldName } from '../format/fold-name.ts';
import { HERE } from '../system/platform.ts';
import { fromSystemError } from '../system-errors.ts';
import { formatPaths } from '../validate/problem.ts';

/** What a file system takes for the same name. */
export interface NameFolding {
  /** Upper and lower case. */
  case: boolean;
  /** Composed and decomposed characters. */
  normalization: boolean;
}

/**
 * Tries out what the file system of a directory of ours does with names.
 *
 * @throws BackupError `NO_SPACE`, `PERMISSION`, `IO`
 */
export function probeNameFolding(directory: string): NameFolding {
  const stem = `oxios-backup-probe-${randomBytes(4).toString('hex')}`;
  const meets = (one: string, other: string): boolean => {
    const made = path.join(directory, `${stem}-${one}`);
    fs.writeFileSync(made, '');
    try {
      return fs.existsSync(path.join(directory, `${stem}-${other}`));
    } finally {
      fs.unlinkSync(made);
    }
  };
  try {
    return { case: meets('a', 'A'), normalization: meets('\u00e9', 'e\u0301') };
  } catch (error) {
    throw fromSystemError(error, 'try out how the file system takes names', directory);
  }
}

/** Finds entries that would get the same name. Paths are given to it in any order. */
export class NameCollisions {
  readonly #folding: NameFolding;
  readonly #seen = new Map<string, string>();

  constructor(folding: NameFolding) {
    this.#folding = folding;
  }

  /** @returns a `NAME_COLLISION` if another path was added that is the same name; it stays the one */
  add(entryPath: string): BackupError | null {
    const key = this.#fold(entryPath);
    const other = this.#seen.get(key);
    if (other !== undefined && other !== entryPath) {
      return new BackupError('NAME_COLLISION', `${formatPaths([other, entryPath])} are one name on this file system`, {
        path: entryPath,
        hint: `Restore to ${HERE.distinguishesNames}, or one of them with \`paths\`.`,
      });
    }
    this.#seen.set(key, entryPath);
    return null;
  }

  #fold(entryPath: string): string {
    if (this.#folding.case) return foldName(entryPath);
    return this.#folding.normalization ? entryPath.normalize('NFD') : entryPath;
  }
}

/** The first collision among paths, in any order; null if there is none. */
export async function collisionError(
  folding: NameFolding,
  paths: () => AsyncIterable<Iterable<string>> | Iterable<Iterable<string>>,
): Promise<BackupError | null> {
  if (!folding.case && !folding.normalization) return null;
  const collisions = new NameCollisions(folding);
  for await (const run of paths()) {
    for (const path of run) {
      const collision = collisions.add(path);
      if (collision !== null) return collision;
    }
  }
  return null;
}
