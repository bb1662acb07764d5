import fs from 'node:fs';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { parentOf } from '../format/path-order.ts';
import { printable } from '../format/printable.ts';
import type { Selection } from '../patterns/selection.ts';
import type { ArchiveValidator } from '../read/foreign/archive-validator.ts';
import { visitForeign } from '../read/foreign/read-foreign.ts';
import type { ForeignArchive } from '../read/open-snapshot.ts';
import { within } from '../system/near-path.ts';
import { HERE } from '../system/platform.ts';
import { holesIn } from '../system/write-sparse.ts';
import { fromSystemError } from '../system-errors.ts';
import { noteUnusual, noUnusualNames, type UnusualNames } from '../validate/unusual-names.ts';
import { type ExtractedTree, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

/** What a first pass over a foreign archive found: it was read to its end, and every entry validated. */
export interface ForeignSurvey {
  archiveValidator: ArchiveValidator;
  /** What is wanted of it. */
  entries: number;
  files: number;
  bytes: number;
  holes: number;
  /** Paths that are wanted for others' sake: parents, and files that hard links name. */
  extra: Set<string>;
  /** Names among what is wanted that not every file system holds. */
  unusual: UnusualNames;
}

/**
 * Goes through the whole archive without writing anything.
 *
 * @throws BackupError for anything that is wrong, `ENTRY_NOT_FOUND` when nothing is wanted
 */
export async function surveyForeign(
  snapshot: ForeignArchive,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<ForeignSurvey> {
  const found = { entries: 0, files: 0, bytes: 0, holes: 0, extra: new Set<string>(), unusual: noUnusualNames() };
  const parents = new Set<string>();
  let position = 0;
  let wanted = false;
  const visitor = {
    begin(entry: Entry) {
      position = 0;
      wanted = selection === null || selection.wants(entry.path, entry.type === 'directory');
      if (!wanted) return;
      found.entries++;
      noteUnusual(found.unusual, entry.path);
      if (entry.type === 'file') found.files++;
      found.bytes += entry.size;
      if (selection === null) return;
      if (entry.type === 'hardlink') found.extra.add(entry.link as string);
      addParents(entry.path, parents);
    },
    part(_entry: Entry, content: Buffer) {
      if (wanted) found.holes += holesIn(content, position);
      position += content.length;
    },
    end() {},
  };
  const archiveValidator = await visitForeign(snapshot.source, visitor, HERE.os, signal);
  selection?.assertFound(found.entries, 'the snapshot');
  for (const parent of parents) found.extra.add(parent);
  return { archiveValidator, ...found };
}

/** Adds all directories that a path lies in; those that are there imply all above them. */
function addParents(path: string, parents: Set<string>): void {
  for (let parent = parentOf(path); parent !== '' && !parents.has(parent); parent = parentOf(parent))
    parents.add(parent);
}

function makeImplied(path: string, { root, umask, modes }: TreeWriterOptions): void {
  try {
    within(
      root,
      path,
      (absolute) => {
        fs.mkdirSync(absolute, { recursive: true, mode: 0o700 });
        // Links are still to be made in it, whatever the umask.
        if (modes) fs.chmodSync(absolute, 0o700 | (0o777 & ~umask));
      },
      { makeParents: true },
    );
  } catch (error) {
    throw fromSystemError(error, `make the directory "${printable(path)}"`, path);
  }
}

/**
 * The second pass: writes what is wanted. Links and directories' attributes are left to `makeLinks` and `finishDirectories`, but for directories
 * that have no entry of their own: they are as a program makes new ones.
 *
 * @throws BackupError `SNAPSHOT_DAMAGED` when it is not the archive of the first pass
 */
export async function extractForeign(
  snapshot: ForeignArchive,
  selection: Selection | null,
  survey: ForeignSurvey,
  options: TreeWriterOptions,
  { signal, onEvent }: OperationOptions,
): Promise<ExtractedTree> {
  onEvent?.({ type: 'phase', phase: 'extract' });
  const writer = new TreeWriter(options);
  const directories = new Set<string>();
  const parents = new Set<string>();
  const asked = { entries: 0, files: 0, bytes: 0 };
  let entries = 0;
  let bytes = 0;
  let open: BlockEntry | null = null;
  const visitor = {
    begin(entry: Entry) {
      const isAsked = selection === null || selection.wants(entry.path, entry.type === 'directory');
      if (isAsked) {
        asked.entries++;
        if (entry.type === 'file') asked.files++;
        asked.bytes += entry.size;
      } else if (!survey.extra.has(entry.path)) {
        return;
      }
      entries++;
      if (entry.type === 'directory') directories.add(entry.path);
      addParents(entry.path, parents);
      open = { ...entry, headerBlocks: 1 };
      if (entry.type === 'file') writer.begin(open);
      else writer.whole(open, Buffer.alloc(0));
    },
    part(_entry: Entry, content: Buffer) {
      if (open === null) return;
      writer.part(open, content);
      bytes += content.length;
    },
    end(entry: Entry) {
      if (open === null) return;
      if (entry.type === 'file') writer.end(open, true);
      open = null;
      onEvent?.({
        type: 'progress',
        phase: 'extract',
        entries,
        bytes,
        totalEntries: survey.entries,
        totalBytes: survey.bytes,
      });
    },
  };
  try {
    await visitForeign(snapshot.source, visitor, HERE.os, signal);
    if (asked.entries !== survey.entries || asked.files !== survey.files || asked.bytes !== survey.bytes) {
      throw new BackupError('SNAPSHOT_DAMAGED', 'the archive changed while it was read', {
        path: snapshot.source.name,
        hint: 'Wait until nothing writes to it, and run it again.',
      });
    }
    for (const path of parents) if (!directories.has(path)) makeImplied(path, options);
  } finally {
    writer.finish();
  }
  return writer.finish();
}
