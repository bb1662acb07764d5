import { foldName } from '../../format/fold-name.ts';
import type { BytePath } from '../../system/byte-path.ts';
import { isFoundAtBoth } from '../../system/file-key.ts';
import { pathBytes } from './exchange-layout.ts';

/**
 * Things by their paths, found as the file system finds them: `memory.db-wal` under `Memory.db-wal` too, where both are one file. For paths at
 * which something exists.
 */
export class PathLookup<T> {
  readonly #live: (path: string) => BytePath;
  readonly #things: ReadonlyMap<string, T>;
  /** Paths by what they fold to, made when a path is not found as it is. */
  #folded: Map<string, string[]> | null = null;

  /**
   * @param things by paths as records write them
   * @param live where such a path is in the state directory
   */
  constructor(things: ReadonlyMap<string, T>, live: (path: string) => BytePath) {
    this.#things = things;
    this.#live = live;
  }

  has(path: string): boolean {
    return this.#find(path) !== null;
  }

  get(path: string): T | undefined {
    const found = this.#find(path);
    return found === null ? undefined : this.#things.get(found);
  }

  #find(path: string): string | null {
    if (this.#things.has(path)) return path;
    this.#folded ??= this.#fold();
    return this.#folded.get(keyOf(path))?.find((each) => this.#isOne(path, each)) ?? null;
  }

  #fold(): Map<string, string[]> {
    const folded = new Map<string, string[]>();
    for (const path of this.#things.keys()) {
      const key = keyOf(path);
      const paths = folded.get(key);
      if (paths === undefined) folded.set(key, [path]);
      else paths.push(path);
    }
    return folded;
  }

  #isOne(path: string, other: string): boolean {
    return isFoundAtBoth(this.#live(path), this.#live(other));
  }
}

function keyOf(path: string): string {
  return foldName(pathBytes(path).toString());
}
