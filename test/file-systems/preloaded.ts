import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds in `folder` a library to be preloaded, which answers system calls in another way.
 *
 * @param name of its source beside this file: `directory-fsync` has fsync of a directory answer the number of errno in `DIRECTORY_FSYNC`;
 *   `open-locks` has open(2) know O_SHLOCK
 * @returns its path; null where it cannot be built
 */
export function buildPreloaded(name: 'directory-fsync' | 'open-locks', folder: string): string | null {
  const library = join(folder, `${name}.so`);
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'ignore' });
  return process.platform === 'linux' && status === 0 ? library : null;
}
