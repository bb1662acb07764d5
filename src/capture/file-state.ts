import type { BigIntStats } from 'node:fs';
import type { Attributes, FileIdentity } from './capture-item.ts';

/** Attributes of a file that is not in the state any more in which the scan saw it. */
export type FileAttributes = Omit<Attributes, 'path'>;

/**
 * Kernels before 6.13 stamp files with a clock that ticks every 1 to 10 ms: two writes within one tick cannot be told
 * apart. A file whose last write is older than this when its reading begins is safe from that.
 */
const CLOCK_TICK_MS = 20;

export function identityOf(stat: BigIntStats): FileIdentity {
  return { dev: stat.dev, ino: stat.ino, size: Number(stat.size), mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs };
}

/** Whether nothing was done to the file between two looks at it. */
export function isSameState(stat: BigIntStats, expect: FileIdentity): boolean {
  return (
    stat.ctimeNs === expect.ctimeNs &&
    stat.ino === expect.ino &&
    Number(stat.size) === expect.size &&
    stat.mtimeNs === expect.mtimeNs &&
    stat.dev === expect.dev
  );
}

/** Whether it is the same file, in whatever state. */
export function isSameFile(stat: BigIntStats, expect: Pick<FileIdentity, 'dev' | 'ino'>): boolean {
  return stat.ino === expect.ino && stat.dev === expect.dev;
}

/**
 * Whether a write during a reading that begins at `nowMs` could leave the timestamps as they are: only if the last one
 * came in the same tick.
 *
 * @param nowMs milliseconds since 1970
 */
export function isTooFresh(mtimeNs: bigint, nowMs: number): boolean {
  return nowMs - Number(mtimeNs) / 1e6 < CLOCK_TICK_MS;
}

export function attributesOf(stat: BigIntStats): FileAttributes {
  return {
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
  };
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread. */
export function pause(ms: number): void {
  Atomics.wait(sleeper, 0, 0, ms);
}

/** Blocks until a write that comes later must show in the timestamps of a file that was changed just now. */
export function waitForClockTick(): void {
  pause(CLOCK_TICK_MS);
}
