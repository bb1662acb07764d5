import type { Writable } from 'node:stream';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import {
  checkArgument,
  checkOptions,
  operationSchema,
  snapshotSchema,
  textSchema,
  writableSchema,
} from '../options.ts';
import { BlockWalker } from '../read/block-walker.ts';
import { EntryLookup, type FoundEntry } from '../read/entry-lookup.ts';
import { stepForeign, visitForeign } from '../read/foreign/read-foreign.ts';
import { inflateMember } from '../read/inflate-member.ts';
import { type ForeignArchive, openSnapshot, type SealedSnapshot } from '../read/open-snapshot.ts';
import { formatPaths, problemError } from '../read/problem.ts';
import { locateMembers, memberProblem, wantedRange } from '../read/walk-members.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import { readEach } from '../storage/read-ahead.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { EntryOutput } from './entry-output.ts';

/** Content up to this length is verified as a whole before any of it is written. */
const HOLD_BYTES = 16 * 1024 * 1024;

/**
 * Writes the content of one file of a snapshot to a stream, which is not ended. Reads the index block and the members that hold it; an
 * archive from elsewhere is read twice, first to verify it.
 *
 * A file of up to 16 MiB is verified before any of it is written. A larger one is verified while it is written: **what was
 * written counts only when the promise resolves**.
 *
 * @param snapshot path of the file, or a stream of it
 * @param path of the entry, as it is listed; a hard link's content is that of the file that it names
 * @returns the entry whose content it is
 * @throws BackupError `ENTRY_NOT_FOUND` also for what has no content, `OUTPUT_UNWRITABLE`, or a code whose exit status is 4
 */
export async function writeEntry(
  snapshot: SnapshotInput,
  path: string,
  output: Writable,
  options: OperationOptions = {},
): Promise<Entry> {
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkArgument('path', textSchema, path);
  checkArgument('output', writableSchema, output);
  checkOptions(operationSchema, options);
  const source = await openReader(snapshot, { signal: options.signal });
  const taker = new EntryOutput(output);
  try {
    const opened = await openSnapshot(source);
    return opened.kind === 'sealed'
      ? await writeSealed(opened, path, taker, options.signal)
      : await writeForeign(opened, path, taker, options.signal);
  } finally {
    taker.release();
    await source.close();
  }
}

async function writeSealed(
  snapshot: SealedSnapshot,
  path: string,
  output: EntryOutput,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  const lookup = await EntryLookup.of(snapshot, ANY_PLATFORM);
  const named = await lookup.find(path);
  const found = named?.entry.type === 'hardlink' ? await findTarget(lookup, named) : named;
  if (found === null) throw entryNotFound(path);
  if (found.entry.type !== 'file') throw notAFile(found.entry);
  await writeFound(snapshot, found, output, signal);
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
  output: EntryOutput,
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
      // Neighbours in its members are read with it, but nobody asked for them.
      const own = walker.problems.find(({ paths }) => paths.length === 0 || paths.includes(entry.path));
      if (own !== undefined) throw problemError(own);
      if (ended) break;
      if (entry.size > HOLD_BYTES) {
        for (const content of held) await output.write(content);
        held = [];
      }
    } else {
      walker.skip(raw);
    }
  }
  for (const content of held) await output.write(content);
}

async function writeForeign(
  { source }: ForeignArchive,
  path: string,
  output: EntryOutput,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  let named: Entry | null = null;
  const files = new Map<string, Entry>();
  const finder = {
    begin(entry: Entry) {
      if (entry.path === path) named = entry;
      if (entry.type === 'file') files.set(entry.path, entry);
    },
    part() {},
    end() {},
  };
  await visitForeign(source, finder, ANY_PLATFORM, signal);
  const found = named as Entry | null;
  if (found === null) throw entryNotFound(path);
  const file = found.type === 'hardlink' ? (files.get(found.link as string) as Entry) : found;
  if (file.type !== 'file') throw notAFile(file);
  let held: Buffer[] = [];
  const collector = {
    begin() {},
    part(entry: Entry, content: Buffer) {
      if (entry.path === file.path) held.push(content);
    },
    end() {},
  };
  for await (const _ of stepForeign(source, collector, ANY_PLATFORM, signal)) {
    for (const content of held) await output.write(content);
    held = [];
  }
  return file;
}

function entryNotFound(path: string): BackupError {
  return new BackupError('ENTRY_NOT_FOUND', `the snapshot holds no ${formatPaths([path])}`, {
    path,
    hint: 'Look at what it holds with "oxios-backup list".',
  });
}

/** What to say of an entry that has no content. */
function notAFile({ path, type, link }: Entry): BackupError {
  const [what, hint] =
    type === 'directory'
      ? ['is a directory', 'Name a file in it; "oxios-backup list" shows them.']
      : [`is a symbolic link to ${formatPaths([link ?? ''])}`, 'Name the file that it leads to.'];
  return new BackupError('ENTRY_NOT_FOUND', `${formatPaths([path])} ${what}, not a file`, { path, hint });
}
