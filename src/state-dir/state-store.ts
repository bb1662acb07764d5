import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from '../errors.ts';
import { checkArgument, locationSchema, textSchema, toPath } from '../options.ts';
import { fromSystemError } from '../system-errors.ts';
import { entryStem } from './sections.ts';

/** A state directory as Oxios sees it: categories (folders) of entries (`.md` and `.json` files). */
export class StateStore {
  /** Path of the state directory, as it was given. */
  readonly basePath: string;

  /**
   * @param basePath the state directory, usually `~/.oxios/workspace`; it need not exist
   * @throws BackupError `USAGE` for an empty path
   */
  constructor(basePath: string | URL) {
    checkArgument('basePath', locationSchema, basePath);
    this.basePath = toPath(basePath);
  }

  /**
   * Lists the entries of a category: the files directly in its folder with the extension `md` or `json`.
   *
   * @param category folder below the state directory, such as `sessions` or `memory/facts`
   * @returns their names without the extension, sorted; empty if there is no such folder
   * @throws BackupError `USAGE` for a name that is no category, `PERMISSION` or `IO` when the folder cannot be read
   */
  async listCategory(category: string): Promise<string[]> {
    checkArgument('category', textSchema, category);
    assertCategoryName(category);
    const folder = join(this.basePath, category);
    let names: string[];
    try {
      names = await readdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw fromSystemError(error, `list the category "${category}"`, folder);
    }
    const stems = names.map(entryStem).filter((stem) => stem !== null);
    return stems.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

function assertCategoryName(category: string): void {
  const wrong =
    category === '' ||
    category.startsWith('/') ||
    category.endsWith('/') ||
    ['..', '\\', '//', '\0'].some((part) => category.includes(part));
  if (!wrong) return;
  throw new BackupError('USAGE', `"${category}" is not the name of a category`, {
    hint: 'Name a folder below the state directory, such as "sessions" or "memory/facts".',
  });
}
