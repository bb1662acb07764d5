import { closeSync, renameSync } from 'node:fs';
import { holdLock } from './kernel-lock.ts';
import { isHidden, ownIdentity } from './process-identity.ts';
import { heldName } from './temporary-names.ts';

/** A file or directory of this run, under a name by which others see whether the run still lives. */
export interface Temporary {
  /** Where it lies now. */
  readonly path: string;
  /** Gives up the claim on it; it is not removed. */
  release(): void;
}

/**
 * Lets others know for how long something that was just made under a `temporaryName` is in use. Where they can look at this process the name
 * is enough. In a container they cannot: there it is locked, and gets a name that says so.
 */
export function claimTemporary(path: string, kind: 'file' | 'directory'): Temporary {
  const descriptor = isHidden(ownIdentity()) ? holdLock(path, kind === 'directory') : null;
  if (descriptor === null) return { path, release() {} };
  const held = heldName(path);
  try {
    renameSync(path, held);
  } catch {
    closeSync(descriptor);
    return { path, release() {} };
  }
  let isOpen = true;
  return {
    path: held,
    release() {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}
