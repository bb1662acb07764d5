import fs from 'node:fs';
import path from 'node:path';
import { removeSync } from 'fs-extra/esm';
import type { BackupEvent } from '../events.ts';
import { temporaryOwner } from './temporary-names.ts';

/** Removes what a run that was killed left in a folder, and names it. Never fails: it is a courtesy. */
export function clearTemporaries(directory: string, onEvent: ((event: BackupEvent) => void) | undefined): void {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch {
    return;
  }
  for (const name of names) {
    const owner = temporaryOwner(name);
    if (owner === null || isAlive(owner)) continue;
    const absolute = path.join(directory, name);
    try {
      removeSync(absolute);
      onEvent?.({ type: 'notice', path: absolute, message: 'was left by a run that was killed; removed' });
    } catch {
      onEvent?.({
        type: 'notice',
        path: absolute,
        message: 'was left by a run that was killed, and cannot be removed',
      });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
