import type { BigIntStats } from 'node:fs';
import type { Attributes, FileIdentity } from './capture-item.ts';

/** Attributes of a file that is not in the state any more in which the scan saw it. */
export type FileAttributes = Omit<Attributes, 'path'>;

/**
 * Kernels before 6.13 stamp files with a clock that ticks every 1 to 10 ms: two writes within one tick cannot be distinguished
 * apart. A file that was seen in its state longer ago than this, when its reading begins, is safe from that: whatever is
 * written from then on has another stamp. So it is counted on our own clock, and the one that stamps may be ahead or behind.
 */
export const CLOCK_TICK_MS = 20;

/**
 * How far from now a time of whole seconds may be to be taken for one that a coarse clock just set: HFS+ has one second, FAT
 * two, SFTP one. More than that, for the clock of a server may be some seconds behind ours.
 */
const COARSE_WINDOW_MS = 10_000;
const NS_PER_SECOND = 1_000_000_000n;

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

/**
 * Whether a file that was seen only now may have been written to in this very tick, so that another write would not show.
 * By the wall clock, and so true of every time that is ahead of it.
 *
 * @param nowMs milliseconds since 1970
 */
export function isWithinGranularity(mtimeNs: bigint, nowMs: number): boolean {
  return nowMs - Number(mtimeNs) / 1e6 < CLOCK_TICK_MS;
}

/**
 * Whether the last write may have been stamped by a clock of whole seconds, so lately that another one might have left the
 * same stamp. A time ahead of ours is of a clock that we know nothing of.
 *
 * @param nowMs milliseconds since 1970
 */
export function isCoarselyFresh(mtimeNs: bigint, nowMs: number): boolean {
  return nowMs - Number(mtimeNs) / 1e6 < COARSE_WINDOW_MS && mtimeNs % NS_PER_SECOND === 0n;
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

/** A clock that nobody sets, in milliseconds; the same in all threads. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/**
 * Blocks until a write that comes later must show in the timestamps of what was seen at `seenMs`.
 *
 * @param seenMs by `monotonicMs`
 */
export function waitForTick(seenMs: number): void {
  const left = seenMs + CLOCK_TICK_MS - monotonicMs();
  if (left > 0) pause(left);
}
