import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Where this program may keep what it can do without, beside the user's other caches: by the XDG Base Directory Specification, on macOS
 * too.
 *
 * @returns null where the user has no home, or one that is not there: accounts of services name such, and it is not ours to make
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string | null {
  const { XDG_CACHE_HOME: caches } = environment;
  // The specification has relative paths ignored.
  if (caches !== undefined && path.isAbsolute(caches)) return path.join(caches, 'oxios-backup');
  const home = environment.HOME ?? homeByName();
  return home !== null && path.isAbsolute(home) && isThere(home) ? path.join(home, '.cache', 'oxios-backup') : null;
}

function isThere(home: string): boolean {
  try {
    return fs.statSync(home).isDirectory();
  } catch {
    return false;
  }
}

/** A user without a name has none. */
function homeByName(): string | null {
  try {
    return os.homedir();
  } catch {
    return null;
  }
}
