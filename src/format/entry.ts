/** What an entry is. A hard link is another name of a file that is in the snapshot, too. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink';

/** One entry of a snapshot. */
export interface Entry {
  /** Relative to the state directory, components joined by `/`. */
  path: string;
  /** What it is. */
  type: EntryType;
  /** Permission bits, the lower 12. */
  mode: number;
  /** Number of the owner. */
  uid: number;
  /** Number of the group. */
  gid: number;
  /** Modification time: whole seconds since 1970, rounded down. */
  mtime: number;
  /** The rest of the modification time, in nanoseconds. */
  mtimeNs: number;
  /** Length of the content in bytes; 0 for what is not a file. */
  size: number;
  /** Target of a symbolic link, or path of the entry that a hard link is another name of. */
  link?: string;
  /** SHA-256 of the content of a file, in hexadecimal. */
  sha256?: string;
}

/** Size of a tar block in bytes. */
export const BLOCK = 512;

/** `size` rounded up to whole tar blocks. */
export function padded(size: number): number {
  return size % BLOCK === 0 ? size : size + BLOCK - (size % BLOCK);
}

/** A time in nanoseconds since 1970 as an entry has it: whole seconds, rounded down, and the rest. */
export function splitTime(ns: bigint): { mtime: number; mtimeNs: number } {
  const rest = Number(ns % 1_000_000_000n);
  const seconds = Number(ns / 1_000_000_000n);
  return rest < 0 ? { mtime: seconds - 1, mtimeNs: rest + 1_000_000_000 } : { mtime: seconds, mtimeNs: rest };
}
