import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the names in a directory durable. Windows has no such call and needs none. */
export function fsyncDirectory(directory: string | Buffer): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
