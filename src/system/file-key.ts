/** What distinguishes one file from another. */
export interface FileKey {
  dev: bigint;
  ino: bigint;
}

/** Whether it is the same file, in whatever state. */
export function isSameFile(a: FileKey, b: FileKey): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
