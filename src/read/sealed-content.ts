import { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import { readEach } from '../storage/read-ahead.ts';
import { formatPaths, problemError } from '../validate/problem.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { BlockWalker } from './block-walker.ts';
import { EntryLookup, type FoundEntry } from './entry-lookup.ts';
import { inflateMember } from './inflate-member.ts';
import { entryNotFound, notAFile } from './no-content.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { locateMembers, memberProblem, wantedRange } from './walk-members.ts';

/** Content up to this length is verified as a whole before any of it is handed over. */
const HOLD_BYTES = 16 * 1024 * 1024;

/** The content of one file of a sealed snapshot; see `SnapshotReader.readContent`. Reads the index block and the members that hold it. */
export async function readSealedContent(
  snapshot: SealedSnapshot,
  path: string,
  write: (content: Uint8Array) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  const lookup = await EntryLookup.of(snapshot, ANY_PLATFORM);
  const named = await lookup.find(path);
  const found = named?.entry.type === 'hardlink' ? await findTarget(lookup, named) : named;
  if (found === null) throw entryNotFound(path);
  if (found.entry.type !== 'file') throw notAFile(found.entry);
  await writeFound(snapshot, found, write, signal);
  const { headerBlocks: _, ...entry } = found.entry;
  return entry;
}

async function findTarget(lookup: EntryLookup, { entry }: FoundEntry): Promise<FoundEntry> {
  const target = await lookup.find(entry.link as string);
  if (target?.entry.type === 'file') return target;
  throw new BackupError('UNSAFE_LINK', `${formatPaths([entry.path])} is a hard link to what is no file before it`, {
    path: entry.path,
    hint: DAMAGED_HINT,
  });
}

async function writeFound(
  snapshot: SealedSnapshot,
  { entry, number, validated: { entries, block, location } }: FoundEntry,
  write: (content: Uint8Array) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let held: Buffer[] = [];
  let ended = false;
  const sink = {
    whole(_entry: Entry, content: Buffer) {
      held.push(content);
      ended = true;
    },
    begin() {},
    part(_entry: Entry, content: Buffer) {
      held.push(content);
    },
    end() {
      ended = true;
    },
  };
  const walker = new BlockWalker(entries, sink, (index) => index === number);
  const members = locateMembers(location.row.offset, block, (index) => index === number);
  for await (const { job: member, bytes } of readEach(snapshot.source, members, wantedRange, signal)) {
    throwIfAborted(signal);
    const { offset, stored, raw } = member;
    if (bytes !== null) {
      try {
        walker.feed(inflateMember(bytes, 'D', raw));
      } catch (error) {
        throw problemError(memberProblem(error, offset, stored, [entry.path]));
      }
      // Other files in its members are read with it, but were not asked for.
      const own = walker.problems.find(({ paths }) => paths.length === 0 || paths.includes(entry.path));
      if (own !== undefined) throw problemError(own);
      if (ended) break;
      if (entry.size > HOLD_BYTES) {
        for (const content of held) await write(content);
        held = [];
      }
    } else {
      walker.skip(raw);
    }
  }
  for (const content of held) await write(content);
}
