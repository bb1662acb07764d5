import { foldName } from '../format/fold-name.ts';
import { parentOf } from '../format/path-order.ts';

/** Most links that resolving one path may pass through; Linux's own limit. */
const MAX_HOPS = 40;

/**
 * Most characters of paths and targets that validating one link may go through. Valid ones take a few hundred; made ones could
 * keep a thread busy for hours.
 */
const MAX_CHARACTERS = 64 * 1024;

/** Characters that HFS+ does not see in a name. */
const UNSEEN = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** The symbolic links of a snapshot. */
export interface SymlinkTargets {
  /** Targets of the links that some file system finds at a path. Where names are different that are one elsewhere, there may be several. */
  at: (path: string) => readonly string[];
}

/**
 * Symbolic links by their paths, looked up as a file system does that folds names: wherever a snapshot is restored, also later and by
 * others, none of its links may lead out.
 */
export class SymlinkIndex implements SymlinkTargets {
  readonly #targets = new Map<string, string[]>();

  constructor(links: Iterable<readonly [path: string, target: string]>) {
    for (const [path, target] of links) {
      const key = keyOf(path);
      const targets = this.#targets.get(key);
      if (targets === undefined) this.#targets.set(key, [target]);
      else targets.push(target);
    }
  }

  at(path: string): readonly string[] {
    return this.#targets.get(keyOf(path)) ?? [];
  }
}

function keyOf(path: string): string {
  return foldName(path.replace(UNSEEN, ''));
}

const WINDOWS_ABSOLUTE = /^(?:[a-z]:|[\\/])/i;

/**
 * Whether a symbolic link leads out of the state directory; see `walkLink`.
 *
 * @param symlinks all symbolic links of the snapshot
 */
export function isExternal(path: string, target: string, symlinks: SymlinkTargets, platform: NodeJS.Platform): boolean {
  const walk = walkLink(path, target, platform);
  let step = walk.next();
  while (step.done !== true) step = walk.next(symlinks.at(step.value));
  return step.value;
}

/** A way that is being walked. */
interface Walk {
  /** The directory that it has come to; the empty string is the state directory. */
  at: string;
  /** Components still to be walked, last first. */
  todo: string[];
  hops: number;
}

/**
 * Follows a symbolic link: directly, or through other links of the snapshot, on whatever file system. Links that go round in circles or
 * lead nowhere stay inside; one too winding to be validated leads outside.
 *
 * @param path the link's own path
 * @param target where it points
 * @yields a path at which it has to be known what symbolic links are there: their targets are passed to `next`
 * @returns whether it leads out of the state directory
 */
export function* walkLink(
  path: string,
  target: string,
  platform: NodeJS.Platform,
): Generator<string, boolean, readonly string[]> {
  if (platform === 'win32' && WINDOWS_ABSOLUTE.test(target)) return true;
  let characters = 0;
  const first = components(target);
  if (first === null) return true;
  const walks: Walk[] = [{ at: parentOf(path), todo: first, hops: 0 }];
  for (let walk = walks.pop(); walk !== undefined; walk = walks.pop()) {
    let { at, hops } = walk;
    const { todo } = walk;
    while (todo.length > 0) {
      const name = todo.pop() as string;
      if (name === '.') continue;
      if (name === '..') {
        if (at === '') return true;
        at = parentOf(at);
        continue;
      }
      const next = at === '' ? name : `${at}/${name}`;
      characters += next.length;
      if (characters > MAX_CHARACTERS) return true;
      const [through, ...others] = yield next;
      if (through === undefined) {
        at = next;
        continue;
      }
      if (++hops > MAX_HOPS) break;
      for (const other of others) {
        characters += other.length + todo.length;
        const further = components(other);
        if (further === null) return true;
        walks.push({ at, todo: [...todo, ...further], hops });
      }
      characters += through.length;
      const further = components(through);
      if (further === null) return true;
      todo.push(...further);
    }
  }
  return false;
}

/** Components of a link's target, last first; null for an absolute one. */
function components(target: string): string[] | null {
  if (target.startsWith('/')) return null;
  return target
    .split('/')
    .filter((name) => name !== '')
    .reverse();
}
