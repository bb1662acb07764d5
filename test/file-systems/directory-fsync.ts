import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('directory-fsync.c', import.meta.url));

/**
 * Builds in `folder` what has fsync of a directory answer the number of errno in `DIRECTORY_FSYNC`, to be preloaded.
 *
 * @returns its path; null where it cannot be built
 */
export function buildDirectoryFsync(folder: string): string | null {
  const library = join(folder, 'directory-fsync.so');
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, SOURCE, '-ldl'], { stdio: 'ignore' });
  return process.platform === 'linux' && status === 0 ? library : null;
}
