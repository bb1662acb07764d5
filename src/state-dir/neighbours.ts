import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** State of Oxios that is beside its default state directory, so that no snapshot of that holds it. */
export interface Neighbour {
  /** Path of the directory that holds it: a state directory of its own. */
  directory: string;
  /** Names of what is meant in that directory; empty for all of it. */
  names: string[];
  /** What it is, in a few words. */
  what: string;
  /** What a snapshot of it has to exclude (`excludes`). */
  excludes: string[];
}

/** What Oxios from 1.40 on keeps where, below the home directory. */
const KNOWN = [
  { directory: '.oxi/brain', names: [], what: 'agent memory', excludes: [] },
  { directory: '.oxi/vault', names: [], what: 'knowledge', excludes: [] },
  {
    directory: '.oxios',
    names: ['config.toml', 'auth.json', 'preferences.json', 'state', 'knowledge'],
    what: 'configuration, credentials and state',
    excludes: ['/workspace', '/backups'],
  },
];

/**
 * Finds what lies beside the default state directory (`~/.oxios/workspace`). Beside any other there is nothing to be found.
 *
 * @param root the state directory that a snapshot is made of
 * @param home the home directory
 * @returns what exists and is not within `root`
 */
export function findNeighbours(root: string, home = os.homedir() || os.userInfo().homedir): Neighbour[] {
  const real = realPath(root);
  if (real === null || real !== realPath(path.join(home, '.oxios/workspace'))) return [];
  const isBeside = (file: string) => {
    const there = realPath(file);
    return there !== null && there !== real && !there.startsWith(real + path.sep);
  };
  return KNOWN.flatMap(({ directory: relative, names, what, excludes }) => {
    const directory = path.join(home, relative);
    const found = names.filter((name) => isBeside(path.join(directory, name)));
    if (names.length === 0 ? !isBeside(directory) : found.length === 0) return [];
    return [{ directory, names: found, what, excludes: [...excludes] }];
  });
}

/** Null for what does not exist, or may not be looked at. */
function realPath(file: string): string | null {
  try {
    return fs.realpathSync(file);
  } catch {
    return null;
  }
}
