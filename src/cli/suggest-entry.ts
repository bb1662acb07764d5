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
  const near = wanted.map((word) => nearestName(word.replace(/^\/|\/$/g, ''), names)).find((name) => name !== null);
  if (near === undefined || near === null) return error;
  const { code, message, cause } = error;
  return new BackupError(code, message, { path: error.path, hint: `Did you mean "${near}"?`, cause });
}

/** A whole path that is near, else one whose last name is. */
function nearestName(word: string, names: ReadonlySet<string>): string | null {
  if (word === '' || names.has(word)) return null;
  // Another number is another thing, and no slip.
  const candidates = [...names].filter((name) => withoutNumbers(name) !== withoutNumbers(word));
  const near = nearMiss(word, candidates);
  if (near !== null) return near;
  const byName = new Map(candidates.map((name) => [path.basename(name), name]));
  const base = nearMiss(path.basename(word), byName.keys());
  return base === null ? null : (byName.get(base) ?? null);
}

function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, '0');
}
