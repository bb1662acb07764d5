import { closeSync } from 'node:fs';

/** Closes a file that was only read, or that nobody else can name: an error of the close does not matter. */
export function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // Some network file systems report late; the bytes are here.
  }
}
