import { statfsSync } from 'node:fs';
import { mountOf } from './mount-points.ts';
import { HERE, type Platform } from './platform.ts';

/**
 * `f_type` of file systems on which the kernel itself keeps inodes and change times, and moves them with every write: ext, XFS, Btrfs, F2FS,
 * ZFS, bcachefs, overlayfs. See statfs(2).
 *
 * Not tmpfs: there a write through a mapping of the file into memory moves no time. Not FAT and exFAT: their inodes are made up at each mount.
 * Not FUSE and network file systems: their server may invent both, and has another clock.
 */
const TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x794c7630]);
/** The same by the names of mount(8). */
const NAMES = new Set(['apfs', 'hfs', 'ufs', 'zfs']);

/**
 * Whether a file whose inode, size, modification and change time are as before has the content that it had, for all that the kernel knows.
 * Only what is known to do so counts.
 *
 * @param path absolute, of anything on the file system
 */
export function recordsEveryWrite(path: string, platform: Platform = HERE): boolean {
  if (platform.processesFrom === 'commands') {
    const mount = mountOf(path, platform);
    return mount?.isLocal === true && NAMES.has(mount.type);
  }
  try {
    // Some of the numbers have 32 bits, and come with a sign on some architectures.
    return TYPES.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}
