import { spawnSync } from 'node:child_process';

const ATTEMPTS = 50;
const PAUSE_MS = 100;

/**
 * Unmounts what a test mounted. A process that was killed may hold it a moment longer, so it is tried for some seconds; then it is taken
 * out of the tree of directories while it is held (`-l`, which needs /proc).
 *
 * @throws when it is mounted still: a test that removes the folder would reach into it
 */
export function unmount(directory: string): void {
  let said = '';
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    const { status, stderr } = spawnSync('umount', [directory], { encoding: 'utf8' });
    if (status === 0) return;
    said = stderr;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  if (spawnSync('umount', ['-l', directory]).status !== 0) throw new Error(`it stays mounted: ${said}`);
}
