import { lstat, opendir } from 'node:fs/promises';
import { throwIfAborted } from '../workers/abort.ts';

/** A header of tar and a row of the index, compressed. */
const ENTRY_BYTES = 256;

/**
 * About how many bytes a snapshot of a directory will have at most: the lengths of all files, and what an entry costs. What cannot be
 * looked at counts for nothing.
 */
export async function expectedSize(directory: string, signal: AbortSignal | undefined): Promise<number> {
  let bytes = 0;
  const folders = [directory];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    throwIfAborted(signal);
    const files: string[] = [];
    try {
      for await (const child of await opendir(folder)) {
        if (child.isDirectory()) folders.push(`${folder}/${child.name}`);
        else if (child.isFile()) files.push(`${folder}/${child.name}`);
      }
    } catch {
      // The capture reports whether it is missing.
    }
    const lengths = await Promise.all(
      files.map((file) =>
        lstat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    bytes = lengths.reduce((sum, length) => sum + length + ENTRY_BYTES, bytes);
  }
  return bytes;
}
