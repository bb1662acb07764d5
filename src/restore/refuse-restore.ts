import type { Entry } from '../format/entry.ts';
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

export function* symlinksIn(entries: Iterable<Entry>): Generator<string> {
  for (const { path, type } of entries) if (type === 'symlink') yield path;
}

export function refuseTooLarge(directory: string, extent: RestoreSize, further: number): void {
  const error = spaceError(directory, checkSpace(directory, extent, further));
  if (error !== null) throw error;
}

export function refuseCollisions(directory: string, paths: () => Iterable<string>): void {
  const folding = probeNameFolding(directory);
  if (!folding.case && !folding.normalization) return;
  const collisions = new NameCollisions(folding);
  for (const path of paths()) collisions.add(path);
}

export function* pathsOf(entries: Iterable<Entry>): Generator<string> {
  for (const { path } of entries) yield path;
}
