import { chmodSync, chownSync, lstatSync } from 'node:fs';
import type { BytePath } from '../system/byte-path.ts';
import { setMtimes } from '../system/exact-times.ts';

/** Attributes of the state directory itself. What is absent stays as it is. */
export interface TopAttributes {
  /** Permission bits, the lower 12. */
  mode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  /** Modification time in nanoseconds since 1970. */
  mtimeNs?: bigint | undefined;
}

/** Attributes that are all there, because they were read. */
export interface KnownTopAttributes extends TopAttributes {
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
}

export function readTop(directory: string | BytePath): KnownTopAttributes {
  const stats = lstatSync(directory, { bigint: true });
  return {
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtimeNs: stats.mtimeNs,
  };
}

export function applyTop(directory: string | BytePath, top: TopAttributes): void {
  const now = readTop(directory);
  const uid = top.uid ?? now.uid;
  const gid = top.gid ?? now.gid;
  // Only when it differs, because nobody but root may; and before chmod, because it clears set-group-id.
  const changesOwner = uid !== now.uid || gid !== now.gid;
  if (changesOwner) chownSync(directory, uid, gid);
  // Some file systems have one mode for all, and refuse to be given any.
  if (top.mode !== undefined && (changesOwner || top.mode !== now.mode)) chmodSync(directory, top.mode);
  if (top.mtimeNs !== undefined) setMtimes([{ path: directory, mtimeNs: top.mtimeNs }]);
}
