import { chmodSync, lstatSync, lutimesSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SystemStep } from './make-with-python.ts';
import type { Random } from './random.ts';

/** A directory that is being filled, with what the documentation says of what is put there. Paths are relative to it. */
export class FieldTree {
  /** What stays out of a snapshot. A directory stands for all that is in it. */
  readonly excluded = new Set<string>();
  /** Databases that come back with what lay beside them written into them, and the name beside which it lay. */
  readonly folded = new Map<string, string>();
  /** What cannot be captured and is named, as it is named. */
  readonly unreadable = new Set<string>();
  /** What only other programs can make, done at the end. */
  readonly steps: SystemStep[] = [];
  /** What was put where, for whoever looks for the fault. */
  readonly story: string[] = [];
  /** Undoes what would keep the tree from being deleted. */
  readonly cleanUps: (() => void)[] = [];
  readonly root: string;
  readonly random: Random;
  readonly #late: (() => void)[] = [];
  readonly #timed = new Set<string>();

  constructor(root: string, random: Random) {
    this.root = root;
    this.random = random;
  }

  absolute(path: string): string {
    return join(this.root, path);
  }

  /** Makes a directory, and those that it lies in. */
  folder(path: string): string {
    mkdirSync(this.absolute(path), { recursive: true });
    return path;
  }

  file(path: string, content: string | Uint8Array = ''): string {
    mkdirSync(dirname(this.absolute(path)), { recursive: true });
    writeFileSync(this.absolute(path), content);
    return path;
  }

  /** Gives it a time, in seconds, which stays. */
  time(path: string, seconds: number): void {
    this.#timed.add(path);
    this.#late.push(() => lutimesSync(this.absolute(path), seconds, seconds));
  }

  mode(path: string, mode: number): void {
    this.#late.unshift(() => chmodSync(this.absolute(path), mode));
  }

  /** Has everything lie there for a while, but some of it, and then gives what was asked for. The deepest comes first. */
  settle(): void {
    const now = Date.now() / 1000;
    const age = (path: string): void => {
      const absolute = this.absolute(path);
      const stat = lstatSync(absolute);
      if (stat.isDirectory()) for (const name of namesIn(absolute)) age(join(path, name));
      if (this.#timed.has(path) || this.random.chance(0.1)) return;
      const seconds = now - 60 - this.random.next() * 10 ** this.random.below(9);
      if (stat.isSymbolicLink()) lutimesSync(absolute, seconds, seconds);
      else utimesSync(absolute, seconds, seconds);
    };
    age('');
    for (const act of this.#late.reverse()) act();
  }

  cleanUp(): void {
    for (const act of this.cleanUps.reverse()) act();
  }
}

/** Without those that are not UTF-8. */
function namesIn(absolute: string): string[] {
  return readdirSync(absolute).filter((name) => !name.includes('\ufffd'));
}
