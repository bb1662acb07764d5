import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { BackupError } from '../../errors.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { readTextIfThere } from '../../system/read-text.ts';
import { writeDurably } from '../../system/write-durably.ts';
import { hiddenKind, parseStamp } from '../artifact-names.ts';
import { bothLocations, type Location, type Target } from '../location.ts';
import { componentSchema, historyFileSchema } from '../undo/history.ts';

const topSchema = z.object({
  mode: z.int().check(z.minimum(0), z.maximum(0o7777)),
  uid: z.int().check(z.minimum(0)),
  gid: z.int().check(z.minimum(0)),
  mtime_ns: z.string().check(z.regex(/^-?\d{1,30}$/)),
});

const commonFields = {
  format: z.literal(1),
  operation: z.enum(['restore', 'undo']),
  started_at: z.string(),
  /** What is known of previous states once this is complete; null if there are none. */
  history: z.nullable(historyFileSchema),
};

/**
 * What the replacement of a whole tree is about to do, durable before it does it. All names are within the directory that holds the
 * journal: a volume may be mounted elsewhere when the recovery runs.
 */
const swapJournalSchema = z.object({
  ...commonFields,
  strategy: z.enum(['rename', 'children']),
  /** Of the child by child form: moving the old ones away, then the new ones in. By two renames it is always `away`. */
  phase: z.enum(['away', 'in']),
  /** The tree that is to become the state directory. */
  incoming: componentSchema,
  incoming_inode: z.string(),
  incoming_top: topSchema,
  /** The name under which the previous tree is kept; null if there is none. */
  kept: z.nullable(componentSchema),
  old_kind: z.enum(['missing', 'empty', 'content']),
  old_inode: z.nullable(z.string()),
  old_top: z.nullable(topSchema),
  /** Child by child: the names at the top of both trees, their bytes written as latin1. Else empty. */
  incoming_names: z.array(componentSchema),
  old_names: z.array(componentSchema),
  /**
   * Child by child: directories at the top of either tree whose own mode keeps them from being moved, for their `..` changes with it. They are
   * writable for that moment; killed in it, the recovery gives them their mode back.
   */
  unwritable: z.array(z.object({ inode: z.string(), mode: z.int().check(z.minimum(0), z.maximum(0o7777)) })),
});

/**
 * The same of an exchange of single paths, which are listed in a file of their own in the directory `kept`: they may be a million, and
 * this is rewritten as the exchange goes on.
 */
const exchangeJournalSchema = z.object({
  ...commonFields,
  strategy: z.literal('exchange'),
  /** `out`: what is live goes out. `in`: what comes takes its place. `back`: all of it is being rolled back. */
  phase: z.enum(['out', 'in', 'back']),
  /** What comes lies below it: a staging directory, or what an earlier exchange took out. */
  incoming: componentSchema,
  /** What goes out is put below it. */
  kept: componentSchema,
});

const journalSchema = z.discriminatedUnion('strategy', [swapJournalSchema, exchangeJournalSchema]);

export type SwapJournal = z.infer<typeof swapJournalSchema>;
export type ExchangeJournal = z.infer<typeof exchangeJournalSchema>;
export type Journal = SwapJournal | ExchangeJournal;

export interface FoundJournal {
  location: Location;
  journal: Journal;
}

export function journalPath(location: Location): string {
  return join(location.directory, `${location.names.hidden}journal`);
}

/** Writes or rewrites the journal; when this returns, it is durable. When it throws, a journal that was there before still holds. */
export function writeJournal(location: Location, journal: Journal): void {
  // A new one may have got its name without being durable. Nothing was done by it yet.
  writeDurably(journalPath(location), `${JSON.stringify(journal)}\n`, { removeNew: true });
}

/** Forgets the journal of a replacement that is complete, or completely undone, and durable. */
export function removeJournal(location: Location): void {
  unlinkSync(journalPath(location));
  fsyncDirectory(location.directory);
}

function namesAreOurs(journal: Journal, { names }: Location): boolean {
  const isExchange = journal.strategy === 'exchange';
  const keptPrefix = isExchange ? names.merged : names.replaced;
  const incomingIsOurs =
    journal.operation === 'restore'
      ? hiddenKind(journal.incoming, names) === 'staging'
      : parseStamp(journal.incoming, keptPrefix) !== null;
  return incomingIsOurs && (journal.kept === null || parseStamp(journal.kept, keptPrefix) !== null);
}

function readJournalAt(location: Location): Journal | null {
  const path = journalPath(location);
  const text = readTextIfThere(path, 'read the journal of a restore');
  if (text === null) return null;
  try {
    const journal = journalSchema.parse(JSON.parse(text));
    const belongsHere = journal.strategy === 'exchange' || journal.strategy === location.strategy;
    if (belongsHere && namesAreOurs(journal, location)) return journal;
    throw new Error('its names are not those of this state directory');
  } catch (error) {
    throw new BackupError('NEEDS_RECOVERY', 'a restore was interrupted, and its journal cannot be understood', {
      path,
      hint: 'Recover with the version of oxios-backup that wrote it. What was live lies beside the journal.',
      cause: error,
    });
  }
}

/**
 * The journal of an unfinished replacement of this state directory, wherever it lies, or null.
 *
 * @throws `NEEDS_RECOVERY` if there is one that cannot be understood.
 */
export function findJournal(target: Target): FoundJournal | null {
  for (const location of bothLocations(target)) {
    const journal = readJournalAt(location);
    if (journal !== null) return { location, journal };
  }
  return null;
}
