import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { parentOf } from '../format/path-order.ts';
import type { UnsealedSnapshot } from '../read/open-snapshot.ts';
import type { Selection } from '../read/selection.ts';
import type { EntryBook } from '../read/unsealed/entry-book.ts';
import { visitUnsealed } from '../read/unsealed/read-unsealed.ts';
import { type ExtractedTree, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

/** What a first pass over an archive from elsewhere found: it was read to its end, and every entry judged. */
export interface UnsealedSurvey {
  book: EntryBook;
  /** What is wanted of it. */
  entries: number;
  files: number;
  bytes: number;
  /** Paths that are wanted for others' sake: parents, and files that hard links name. */
  extra: Set<string>;
}

/**
 * Goes through the whole archive without writing anything.
 *
 * @throws BackupError for anything that is wrong, `ENTRY_NOT_FOUND` when nothing is wanted
 */
export async function surveyUnsealed(
  snapshot: UnsealedSnapshot,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<UnsealedSurvey> {
  const found = { entries: 0, files: 0, bytes: 0, extra: new Set<string>() };
  const visitor = {
    begin(entry: Entry) {
      if (selection !== null && !selection.wants(entry.path, entry.type === 'directory')) return;
      found.entries++;
      if (entry.type === 'file') found.files++;
      found.bytes += entry.size;
      if (selection === null) return;
      if (entry.type === 'hardlink') found.extra.add(entry.link as string);
      for (let parent = parentOf(entry.path); parent !== ''; parent = parentOf(parent)) found.extra.add(parent);
    },
    part() {},
    end() {},
  };
  const book = await visitUnsealed(snapshot.source, visitor, process.platform, signal);
  if (selection !== null && found.entries === 0) {
    throw new BackupError('ENTRY_NOT_FOUND', 'the snapshot holds nothing of what was asked for', {
      hint: 'Look at what it holds with "oxios-backup list".',
    });
  }
  return { book, ...found };
}

/** The second pass: writes what is wanted. Links and directories' attributes are left to `completeTree`. */
export async function extractUnsealed(
  snapshot: UnsealedSnapshot,
  selection: Selection | null,
  survey: UnsealedSurvey,
  options: TreeWriterOptions,
  { signal, onEvent }: OperationOptions,
): Promise<ExtractedTree> {
  onEvent?.({ type: 'phase', phase: 'extract' });
  const writer = new TreeWriter(options);
  let entries = 0;
  let bytes = 0;
  let open: BlockEntry | null = null;
  const visitor = {
    begin(entry: Entry) {
      const wanted =
        selection === null || selection.wants(entry.path, entry.type === 'directory') || survey.extra.has(entry.path);
      if (!wanted) return;
      entries++;
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
    await visitUnsealed(snapshot.source, visitor, process.platform, signal);
  } finally {
    writer.finish();
  }
  return writer.finish();
}
