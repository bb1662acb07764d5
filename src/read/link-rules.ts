import { parentOf } from '../format/path-order.ts';

/** Most links that resolving one path may pass through; Linux's own limit. */
const MAX_HOPS = 40;

/**
 * Most characters of paths and targets that judging one link may go through. Honest ones take a few hundred; made ones could
 * keep a thread busy for hours.
 */
const MAX_CHARACTERS = 64 * 1024;

/** Targets of the symbolic links of a snapshot, by path. */
export type SymlinkTargets = Pick<ReadonlyMap<string, string>, 'get'>;

const WINDOWS_ABSOLUTE = /^(?:[a-z]:|[\\/])/i;

/** Whether a symbolic link leads out of the state directory on this platform; see `leadsOutside`. */
export function isExternal(path: string, symlinks: SymlinkTargets, platform: NodeJS.Platform): boolean {
  return (platform === 'win32' && WINDOWS_ABSOLUTE.test(symlinks.get(path) ?? '')) || leadsOutside(path, symlinks);
}

/**
 * Whether a symbolic link leads out of the state directory: directly, or through other links of the snapshot.
 * Links that go round in circles or lead nowhere stay inside; one too winding to be judged leads outside.
 *
 * @param path the link's own path
 * @param symlinks all symbolic links of the snapshot
 */
export function leadsOutside(path: string, symlinks: SymlinkTargets): boolean {
  let hops = 0;
  let characters = 0;
  // Components still to be walked, last first, from the directory `at`; the empty string is the state directory.
  let at = parentOf(path);
  const todo = components(symlinks.get(path) ?? '');
  if (todo === null) return true;
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
    const target = symlinks.get(next);
    if (target === undefined) {
      at = next;
      continue;
    }
    if (++hops > MAX_HOPS) return false;
    characters += target.length;
    const further = components(target);
    if (further === null) return true;
    todo.push(...further);
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
