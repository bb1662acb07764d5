import path from 'node:path';
import type { Readable } from 'node:stream';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import { nearMiss } from './near-miss.ts';

/**
 * Adds to an error that says that something is not in a snapshot what was probably meant. Other errors, and those of a stream, which
 * cannot be read again, stay as they are.
 *
 * @param wanted paths, patterns and sections that were asked for
 */
export async function withSuggestion(
  error: unknown,
  snapshot: string | Readable,
  wanted: readonly string[],
  { signal }: OperationOptions,
): Promise<unknown> {
  if (!(error instanceof BackupError) || error.code !== 'ENTRY_NOT_FOUND' || typeof snapshot !== 'string') return error;
  const { listEntries } = await import('../inspect/list-entries.ts');
  const names = new Set<string>();
  for await (const entry of listEntries({ snapshot, ...(signal === undefined ? {} : { signal }) }))
    names.add(entry.path);
  const words = wanted.map((word) => word.replace(/^\/|\/$/g, ''));
  const near = words.map((word) => nearestName(word, names)).find((name) => name !== null);
  if (near === undefined || near === null) return error;
  const { code, message, cause } = error;
  // As a Mac may have it: the two look the same.
  const form = words.some((word) => word !== near && word.normalize() === near.normalize());
  const hint = `Did you mean "${near}"?${form ? ' Its letters are composed in another way: copy it from here.' : ''}`;
  return new BackupError(code, message, { path: error.path, hint, cause });
}

/** A whole path that is near, else one whose last name is. */
function nearestName(word: string, names: ReadonlySet<string>): string | null {
  if (word === '' || names.has(word)) return null;
  const folded = withoutCase(word);
  for (const name of names) if (withoutCase(name) === folded) return name;
  // Another number is another thing, and no slip.
  const candidates = [...names].filter((name) => withoutNumbers(name) !== withoutNumbers(word));
  const near = nearMiss(word, candidates);
  if (near !== null) return near;
  const byName = new Map(candidates.map((name) => [path.basename(name), name]));
  const base = nearMiss(path.basename(word), byName.keys());
  return base === null ? null : (byName.get(base) ?? null);
}

function withoutCase(text: string): string {
  return text.normalize().toLowerCase();
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, '0');
}
