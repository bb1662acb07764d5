import { type LimitedFileSystem, mountByScript } from './limited.ts';

export interface FoldingOptions {
  /** Longest path, in bytes with that of the mount point: macOS takes 1,023. Default: the system's. */
  pathLimit?: number;
}

/** Mounts a file system that folds names as APFS does, where `whyNotLimited` has nothing against it. */
export function mountApfsLike({ pathLimit }: FoldingOptions = {}): Promise<LimitedFileSystem> {
  // The kernel asks for each name anew: what it remembers of one spelling is not true of another.
  const fresh = ['attr_timeout=0', 'entry_timeout=0', 'negative_timeout=0'];
  return mountByScript('folding.py', ['use_ino', 'big_writes', ...fresh], {
    ...(pathLimit === undefined ? {} : { PATH_LIMIT: String(pathLimit) }),
  });
}
