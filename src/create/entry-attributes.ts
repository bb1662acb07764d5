import type { FileAttributes } from '../capture/file-state.ts';
import { type Entry, splitTime } from '../format/entry.ts';
import { MAX_MTIME } from '../format/index-block.ts';

const LATEST_NS = BigInt(MAX_MTIME) * 1_000_000_000n;

/** Whether a snapshot can hold a time. */
export function holdsTime(ns: bigint): boolean {
  return ns >= -LATEST_NS && ns <= LATEST_NS;
}

/** A time as an entry has it; the nearest one that a snapshot can hold, where it cannot hold that one. */
export function entryTime(ns: bigint): Pick<Entry, 'mtime' | 'mtimeNs'> {
  return splitTime(ns > LATEST_NS ? LATEST_NS : ns < -LATEST_NS ? -LATEST_NS : ns);
}

/** Attributes of a file as the header of its entry states them: without set-id bits, the time in whole seconds. */
export function headerAttributes({
  mode,
  uid,
  gid,
  mtimeNs,
}: FileAttributes): Pick<Entry, 'mode' | 'uid' | 'gid' | 'mtime'> {
  return { mode: mode & 0o1777, uid, gid, mtime: entryTime(mtimeNs).mtime };
}
