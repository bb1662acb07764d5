import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { BytePath } from './byte-path.ts';

/** Makes the names in a directory durable. Windows has no such call and needs none. */
export function fsyncDirectory(directory: string | BytePath): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
