/** Most links that resolving one path may pass through; Linux's own limit. */
const MAX_HOPS = 40;

/** Targets of the symbolic links of a snapshot, by path. */
export type SymlinkTargets = Pick<ReadonlyMap<string, string>, 'get'>;

const WINDOWS_ABSOLUTE = /^(?:[a-z]:|[\\/])/i;

/** Whether a symbolic link leads out of the state directory on this platform; see `leadsOutside`. */
export function isExternal(path: string, symlinks: SymlinkTargets, platform: NodeJS.Platform): boolean {
  return (platform === 'win32' && WINDOWS_ABSOLUTE.test(symlinks.get(path) ?? '')) || leadsOutside(path, symlinks);
}

/**
 * Whether a symbolic link leads out of the state directory: directly, or through other links of the snapshot.
 * Links that go round in circles or lead nowhere stay inside.
 *
 * @param path the link's own path
 * @param symlinks all symbolic links of the snapshot
 */
export function leadsOutside(path: string, symlinks: SymlinkTargets): boolean {
  let hops = 0;
  // Components still to be walked, last first, from the directory in `at`.
  const at = path.split('/');
  at.pop();
  const todo = components(symlinks.get(path) ?? '');
  if (todo === null) return true;
  while (todo.length > 0) {
    const name = todo.pop() as string;
    if (name === '.') continue;
    if (name === '..') {
      if (at.length === 0) return true;
      at.pop();
      continue;
    }
    at.push(name);
    const target = symlinks.get(at.join('/'));
    if (target === undefined) continue;
    if (++hops > MAX_HOPS) return false;
    at.pop();
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
