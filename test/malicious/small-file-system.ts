/** File systems made for a test: small ones, and such that fold names. They need root, and a kernel that has them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FileSystem {
  /** A directory on it. */
  directory: string;
  unmount: () => void;
}

const run = (command: string, ...words: string[]): void => {
  execFileSync(command, words, { stdio: 'ignore' });
};

function mount(...words: string[]): FileSystem | null {
  const directory = mkdtempSync(join(tmpdir(), 'oxios-mount-'));
  try {
    run('mount', ...words, directory);
  } catch {
    rmdirSync(directory);
    return null;
  }
  return {
    directory,
    unmount: () => {
      run('umount', directory);
      rmdirSync(directory);
    },
  };
}

/** In memory, of so many bytes and files; null where that is not to be had. */
export function mountSmall(bytes: number, files: number): FileSystem | null {
  return mount('-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${files}`, 'none');
}

/** One that takes `A` for `a`; null where that is not to be had. */
export function mountFolding(): FileSystem | null {
  return mountFoldingTmpfs() ?? mountImage('mkfs.ext4', '-q', '-O', 'casefold') ?? mountImage('mkfs.vfat');
}

function mountFoldingTmpfs(): FileSystem | null {
  return folding(mount('-t', 'tmpfs', '-o', 'size=16m,casefold', 'none'));
}

function mountImage(...make: [string, ...string[]]): FileSystem | null {
  const folder = mkdtempSync(join(tmpdir(), 'oxios-image-'));
  const image = join(folder, 'image');
  const [command, ...words] = make;
  try {
    run('truncate', '-s', '32M', image);
    run(command, ...words, image);
    const mounted = folding(mount('-o', 'loop', image));
    if (mounted !== null) return mounted;
  } catch {
    // No such tool here.
  } finally {
    // A mounted image stays until it is unmounted.
    rmSync(folder, { recursive: true, force: true });
  }
  return null;
}

/** The same with a directory that folds; where the file system wants to be asked, it is. */
function folding(mounted: FileSystem | null): FileSystem | null {
  if (mounted === null) return null;
  const directory = join(mounted.directory, 'folding');
  try {
    mkdirSync(directory);
    try {
      run('chattr', '+F', directory);
    } catch {
      // vfat folds everywhere.
    }
    mkdirSync(join(directory, 'a'));
    run('test', '-d', join(directory, 'A'));
    rmdirSync(join(directory, 'a'));
    return { ...mounted, directory };
  } catch {
    mounted.unmount();
    return null;
  }
}
