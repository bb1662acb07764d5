import type { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { zerosOf } from '../format/index-block.ts';
import { parentOf } from '../format/path-order.ts';
import { type Selection, selectEntries } from '../patterns/selection.ts';
import { EntryLookup, type FoundEntry } from '../read/entry-lookup.ts';
import type { BlockLocation } from '../read/index-reader.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';
import { blocksFor, type ValidatedBlock } from '../read/read-entries.ts';
import { SymlinkIndex, walkLink } from '../validate/link-rules.ts';
import { formatPaths, problemError } from '../validate/problem.ts';
import { noteUnusual, noUnusualNames, type UnusualNames } from '../validate/unusual-names.ts';
import { attributesOf, hardLinkProblem } from '../validate/validate-block.ts';
import type { ExternalLink } from './external-links.ts';
import type { ExtractionPlan } from './extraction-plan.ts';

/**
 * A plan for the entries that are wanted, the directories that they lie in, and the files that wanted hard links are other names of.
 *
 * Of the index it reads the blocks that can hold those, and of a wanted symbolic link the blocks that its way leads through. What is
 * planned is validated by the rules for a whole snapshot; the rest of it, and the totals, are not looked at.
 *
 * @param platform where the entries would be written
 * @throws BackupError `ENTRY_NOT_FOUND` when nothing is wanted, or one of kind `invalid`
 */
export async function planSelection(
  snapshot: SealedSnapshot,
  selection: Selection,
  platform: NodeJS.Platform,
): Promise<{ plan: ExtractionPlan; external: ExternalLink[]; unusual: UnusualNames }> {
  const lookup = await EntryLookup.of(snapshot, platform);
  const selected = new SelectionBuilder();
  const links: Entry[] = [];
  const needed = new Map<string, Entry['type']>();
  for await (const { number } of blocksFor(snapshot, selection)) {
    const validated = await lookup.block(number);
    const { numbers, parents, targets } = selectEntries(validated.entries, selection);
    for (const each of numbers) {
      const entry = validated.entries[each] as Entry;
      selected.add({ entry, number: each, validated });
      if (entry.link !== undefined) links.push(entry);
    }
    for (const target of targets) {
      needed.set(target, 'file');
      for (let parent = parentOf(target); parent !== ''; parent = parentOf(parent)) needed.set(parent, 'directory');
    }
    for (const parent of parents) needed.set(parent, 'directory');
  }
  selection.assertFound(selected.plan.entries, 'the snapshot');
  for (const [path, type] of needed) {
    const found = await lookup.find(path);
    if (found?.entry.type === type) selected.add(found);
    else if (type === 'directory') throw conflict(path);
  }
  for (const link of links) await assertHardLink(link, lookup);
  return {
    plan: selected.finish(),
    external: await externalOf(links, lookup, snapshot, platform),
    unusual: selected.unusual,
  };
}

interface SelectedBlock {
  block: BlockLocation;
  numbers: Set<number>;
  /** Bytes of its files that are whole pieces of zeros, by the number of the entry. */
  zeros: Map<number, number>;
}

/** Collects selected entries by the block that they are in. */
class SelectionBuilder {
  readonly unusual = noUnusualNames();
  readonly plan: ExtractionPlan = { blocks: [], entries: 0, files: 0, bytes: 0, holes: 0 };
  readonly #blocks = new Map<number, SelectedBlock>();

  add({ entry, number, validated }: Omit<FoundEntry, 'entry'> & { entry: Entry }): void {
    const { numbers, zeros } = this.#blocks.get(validated.location.number) ?? this.#open(validated);
    if (numbers.has(number)) return;
    numbers.add(number);
    this.plan.entries++;
    noteUnusual(this.unusual, entry.path);
    if (entry.type !== 'file') return;
    this.plan.files++;
    this.plan.bytes += entry.size;
    this.plan.holes += zeros.get(number) ?? 0;
  }

  #open({ location, block }: ValidatedBlock): SelectedBlock {
    const opened = { block: location, numbers: new Set<number>(), zeros: zerosOf(block) };
    this.#blocks.set(location.number, opened);
    return opened;
  }

  finish(): ExtractionPlan {
    const inOrder = [...this.#blocks.values()].sort((a, b) => a.block.number - b.block.number);
    this.plan.blocks = inOrder.map(({ block, numbers }) => ({ block, only: [...numbers].sort((a, b) => a - b) }));
    return this.plan;
  }
}

function conflict(directory: string): BackupError {
  return problemError({
    code: 'ENTRY_CONFLICT',
    message: `entries lie below ${formatPaths([directory])}, which is no directory of the snapshot`,
    paths: [directory],
  });
}

async function assertHardLink(entry: Entry, lookup: EntryLookup): Promise<void> {
  if (entry.type !== 'hardlink') return;
  const link = entry.link as string;
  const found = (await lookup.find(link))?.entry;
  const target = found && { path: found.path, type: found.type, attributes: attributesOf(found) };
  const problem = hardLinkProblem({ path: entry.path, link, attributes: attributesOf(entry) }, target);
  if (problem !== null) throw problemError(problem);
}

async function externalOf(
  links: readonly Entry[],
  lookup: EntryLookup,
  snapshot: SealedSnapshot,
  platform: NodeJS.Platform,
): Promise<ExternalLink[]> {
  // A way may lead through links that are not wanted themselves, and by names that only some file system finds: then all are looked at.
  let index: SymlinkIndex | null = null;
  const targetsAt = async (path: string): Promise<readonly string[]> => {
    const entry = index === null ? (await lookup.find(path))?.entry : undefined;
    if (entry !== undefined) return entry.type === 'symlink' ? [entry.link as string] : [];
    index ??= new SymlinkIndex(await allSymlinks(snapshot, lookup));
    return index.at(path);
  };
  const external: ExternalLink[] = [];
  for (const { path, type, link = '' } of links) {
    if (type !== 'symlink') continue;
    const walk = walkLink(path, link, platform);
    let step = walk.next();
    while (step.done !== true) step = walk.next(await targetsAt(step.value));
    if (step.value) external.push({ path, link });
  }
  return external;
}

async function allSymlinks({ blocks }: SealedSnapshot, lookup: EntryLookup): Promise<[string, string][]> {
  const symlinks: [string, string][] = [];
  for (let number = 0; number < blocks.length; number++) {
    for (const { path, type, link } of (await lookup.block(number)).entries) {
      if (type === 'symlink') symlinks.push([path, link as string]);
    }
  }
  return symlinks;
}
