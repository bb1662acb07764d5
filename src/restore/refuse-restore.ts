import type { EntryRuns } from '../read/read-entries.ts';
import { type ExternalLink, type ExternalLinks, externalLinksError } from './external-links.ts';
import { checkSpace, spaceError } from './free-space.ts';
import { NameCollisions, probeNameFolding } from './name-collisions.ts';
import type { RestoreSize } from './restore-plan.ts';
import { symlinksError } from './target-abilities.ts';

// What speaks against a restore once it is known what is to be written, and before anything is.

interface LinkOptions {
  externalLinks?: ExternalLinks;
}

export function refuseExternal(external: readonly ExternalLink[], { externalLinks = 'refuse' }: LinkOptions): void {
  if (external.length > 0 && externalLinks === 'refuse') throw externalLinksError(external);
}

export function refuseSymlinks(
  links: readonly string[],
  external: readonly ExternalLink[],
  directory: string,
  { externalLinks }: LinkOptions,
): void {
  const skipped = new Set(externalLinks === 'skip' ? external.map(({ path }) => path) : []);
  const error = symlinksError(
    links.filter((path) => !skipped.has(path)),
    directory,
  );
  if (error !== null) throw error;
}

export async function symlinksIn(entries: EntryRuns): Promise<string[]> {
  const paths: string[] = [];
  for await (const run of entries) for (const { path, type } of run) if (type === 'symlink') paths.push(path);
  return paths;
}

export function refuseTooLarge(directory: string, extent: RestoreSize, further: number): void {
  const error = spaceError(directory, checkSpace(directory, extent, further));
  if (error !== null) throw error;
}

export async function refuseCollisions(
  directory: string,
  paths: () => AsyncIterable<Iterable<string>> | Iterable<Iterable<string>>,
): Promise<void> {
  const folding = probeNameFolding(directory);
  if (!folding.case && !folding.normalization) return;
  const collisions = new NameCollisions(folding);
  for await (const run of paths()) for (const path of run) collisions.add(path);
}

export async function* pathsOf(entries: EntryRuns): AsyncGenerator<string[], void, void> {
  for await (const run of entries) yield run.map(({ path }) => path);
}
