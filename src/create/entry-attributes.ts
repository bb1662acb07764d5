import type { FileAttributes } from '../capture/file-state.ts';
import { type Entry, splitTime } from '../format/entry.ts';

/** Attributes of a file as the header of its entry states them: without set-id bits, the time in whole seconds. */
export function headerAttributes({
  mode,
  uid,
  gid,
  mtimeNs,
}: FileAttributes): Pick<Entry, 'mode' | 'uid' | 'gid' | 'mtime'> {
  return { mode: mode & 0o1777, uid, gid, mtime: splitTime(mtimeNs).mtime };
}
