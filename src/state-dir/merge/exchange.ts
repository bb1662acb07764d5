import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BackupError } from '../../errors.ts';
import { type BytePath, bytePath, joinBytes } from '../../system/byte-path.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { fromSystemError } from '../../system-errors.ts';
import { type Change, type Committed, commitChange, concludeChange, tryTo } from '../commit/commit-change.ts';
import { type ExchangeJournal, removeJournal, writeJournal } from '../commit/journal.ts';
import type { SwapResult } from '../commit/swap-paths.ts';
import type { Location } from '../location.ts';
import { clearVolumes, makeReserved } from '../staging/volume-staging.ts';
import type { Displaced } from '../undo/history-changes.ts';
import { nextAsidePath, nextKeptStamp } from '../undo/previous-states.ts';
import { databaseSideFiles } from './database-side-files.ts';
import { ExchangeLayout, nameOnVolume, pathBytes } from './exchange-layout.ts';
import { exists, finishDirectories, Moves, openDirectories, removeSkeleton } from './exchange-moves.ts';
import { type ExchangeItem, type ExchangeRecord, readRecord, writeRecord } from './exchange-record.ts';
import { PathLookup } from './path-lookup.ts';

/** Paths that are to be exchanged for what lies in `incoming`, a directory at the location. */
export interface ExchangeRequest {
  operation: ExchangeJournal['operation'];
  incoming: string;
  record: ExchangeRecord;
  /** What will be known of previous states, given what is displaced. */
  historyAfter: (displaced: Displaced) => ExchangeJournal['history'];
}

export interface Exchanged extends Committed {
  /** Where what went out is kept now. */
  previousState: string;
}

/**
 * Exchanges the paths of a record, each by renames, so that nothing else of the state directory is touched; see `commitChange`. What
 * went out is kept beside the state directory, with the record that reverses it.
 *
 * @throws with everything as it was; or `NEEDS_RECOVERY` if the rollback failed
 */
export function performExchange(
  location: Location,
  { operation, incoming, record, historyAfter }: ExchangeRequest,
): Exchanged {
  const doing = operation === 'undo' ? 'put the previous state back' : 'merge the snapshot into the state directory';
  const kept = location.names.merged + nextKeptStamp(location);
  const exchange = new Exchange(location, { incoming, kept }, record);
  const journal: ExchangeJournal = {
    format: 1,
    operation,
    strategy: 'exchange',
    phase: 'out',
    started_at: new Date().toISOString(),
    history: historyAfter({ directory: kept, kind: 'merge', paths: record.items.length }),
    incoming,
    kept,
  };
  try {
    exchange.prepare();
  } catch (error) {
    tryTo(() => exchange.cleanUp('old'));
    throw fromSystemError(error, doing, location.target);
  }
  const change: Change<ExchangeJournal> = {
    journal,
    perform: (planned) => exchange.perform(planned),
    rollback: (onDisk) => exchange.rollback(onDisk),
    cleanUp: (live) => exchange.cleanUp(live),
  };
  const committed = commitChange(location, change, doing);
  return { ...committed, previousState: join(location.directory, kept) };
}

/** Finishes or rolls back what a killed exchange left, and forgets its journal. */
export function resumeExchange(location: Location, journal: ExchangeJournal): SwapResult {
  const record = readRecord(join(location.directory, journal.kept));
  const exchange = new Exchange(location, journal, record);
  exchange.requireVolumes();
  const result = resumed(exchange, journal);
  if (result.live === 'new') concludeChange(location, journal);
  else removeJournal(location);
  tryTo(() => exchange.cleanUp(result.live));
  return result;
}

function resumed(exchange: Exchange, journal: ExchangeJournal): SwapResult {
  if (journal.phase === 'in') {
    const waits = exchange.waits();
    try {
      return { live: 'new', movedAside: exchange.finish(waits) };
    } catch (error) {
      if (!waits) throw error;
      // What prevents it need not prevent the rollback.
    }
  }
  return { live: 'old', movedAside: exchange.rollback(journal) };
}

/** Paths of an exchange, each under all of its spellings. */
interface Lookups {
  outs: PathLookup<ExchangeItem>;
  ins: PathLookup<ExchangeItem>;
  beside: PathLookup<true>;
}

class Exchange {
  readonly #location: Location;
  readonly #names: { incoming: string; kept: string };
  readonly #record: ExchangeRecord;
  readonly #layout: ExchangeLayout;
  readonly #moves = new Moves();
  readonly #usedVolumes: ReadonlySet<number>;
  #aside: string | null = null;
  /** Items by their paths, made when it is needed. */
  #lookup: Lookups | null = null;

  constructor(location: Location, names: { incoming: string; kept: string }, record: ExchangeRecord) {
    this.#location = location;
    this.#names = names;
    this.#record = record;
    this.#layout = new ExchangeLayout(location, names, record.volumes);
    this.#usedVolumes = new Set([0, ...record.items.map(({ volume }) => volume)]);
  }

  /** Makes the directories that things go out to, and writes down what is about to be done. */
  prepare(): void {
    for (const volume of this.#usedVolumes) {
      if (volume > 0) makeReserved(this.#layout, volume);
      mkdirSync(this.#layout.keptDirectory(volume), { mode: 0o700 });
      mkdirSync(this.#layout.keptBase(volume), { mode: 0o700 });
      fsyncDirectory(this.#layout.keptDirectory(volume));
      if (volume > 0) fsyncDirectory(this.#layout.reserved(volume));
    }
    const directory = join(this.#location.directory, this.#names.kept);
    writeRecord(directory, this.#record);
    fsyncDirectory(directory);
  }

  /** Removes the directories that are empty now: those that things came from, or, when all was rolled back, those that were made to keep things. */
  cleanUp(live: 'new' | 'old'): void {
    for (const volume of this.#usedVolumes) {
      removeSkeleton(live === 'old' ? this.#layout.keptDirectory(volume) : this.#layout.incomingDirectory(volume));
    }
    clearVolumes(this.#record, this.#layout, live === 'old' ? 'before' : 'after');
  }

  perform(journal: ExchangeJournal): string[] {
    openDirectories(this.#record.directories, (path) => this.#layout.live(path));
    for (const item of this.#record.items) this.#takeOut(item);
    // What goes out is durable where it is kept before anything takes its place.
    this.#moves.sync();
    writeJournal(this.#location, { ...journal, phase: 'in' });
    for (const item of this.#record.items) this.#bringIn(item);
    this.#setAttributes('after');
    return this.#movedAside();
  }

  /** Whether something of what is to come in still waits. */
  waits(): boolean {
    return this.#record.items.some((item) => item.in !== null && exists(this.#layout.incoming(item)));
  }

  /** Brings in what still waits. What somebody put there meanwhile goes aside. */
  finish(waits: boolean): string[] {
    openDirectories(this.#record.directories, (path) => this.#layout.live(path));
    for (const item of this.#record.items) {
      // Once all has come in, the state directory may have been in use again.
      if (waits) this.#clearSideFiles(item);
      if (item.in !== null && exists(this.#layout.incoming(item))) this.#bringIn(item);
    }
    this.#touchAll();
    this.#setAttributes('after');
    return this.#movedAside();
  }

  /** Rolls everything back, however far it came. Returns what was in the way. */
  rollback(journal: ExchangeJournal): string[] {
    const { items } = this.#record;
    writeJournal(this.#location, { ...journal, phase: 'back' });
    openDirectories(this.#record.directories, (path) => this.#layout.live(path));
    if (journal.phase !== 'out') {
      for (const item of items.toReversed()) this.#sendBack(item);
      this.#moves.sync();
    }
    for (const item of items.toReversed()) this.#returnOld(item);
    this.#touchAll();
    this.#setAttributes('before');
    return this.#movedAside();
  }

  /** @throws `NEEDS_RECOVERY` where a volume is not there that things were moved to */
  requireVolumes(): void {
    for (const volume of this.#usedVolumes) {
      if (exists(this.#layout.keptBase(volume))) continue;
      const path = this.#layout.live(this.#record.volumes[volume] as string).toString();
      throw new BackupError('NEEDS_RECOVERY', 'a file system that holds a part of the exchange is not mounted', {
        path,
        hint: 'Mount what was mounted there, then run: `recoverStateDir()`',
      });
    }
  }

  #takeOut(item: ExchangeItem): void {
    if (item.out === null) return;
    const live = this.#layout.live(item.out);
    const kept = this.#layout.kept(item);
    this.#moves.makeParents(kept);
    // Removed since it was looked at: then there is nothing to keep.
    if (exists(live)) this.#moves.move(live, kept, item.outMode);
  }

  #bringIn(item: ExchangeItem): void {
    if (item.in === null) return;
    const live = this.#layout.live(item.in);
    this.#moves.makeParents(live);
    if (exists(live)) this.#moveAside(live, item.in, item.volume);
    this.#moves.move(this.#layout.incoming(item), live, item.inMode);
  }

  /** What has come in goes back to where it waited. */
  #sendBack(item: ExchangeItem): void {
    if (item.in === null) return;
    const live = this.#layout.live(item.in);
    const waiting = this.#layout.incoming(item);
    if (exists(waiting) || !exists(live)) return;
    this.#moves.makeParents(waiting);
    this.#moves.move(live, waiting, item.inMode);
  }

  /** What went out comes back. */
  #returnOld(item: ExchangeItem): void {
    if (item.out === null) return;
    const kept = this.#layout.kept(item);
    if (!exists(kept)) return;
    const live = this.#layout.live(item.out);
    this.#clearSideFiles(item);
    if (exists(live)) this.#moveAside(live, item.out, item.volume);
    this.#moves.makeParents(live);
    this.#moves.move(kept, live, item.outMode);
  }

  /** Moves side files aside that somebody made meanwhile: SQLite would apply them to the other database. */
  #clearSideFiles({ in: incoming, out, volume }: ExchangeItem): void {
    const path = incoming ?? out;
    if (path === null) return;
    const live = this.#layout.live(path);
    const sideOf = (suffix: BytePath) => `${path}${suffix.toString('latin1')}`;
    const { goes } = databaseSideFiles(live, (suffix) => this.#lookups().beside.has(sideOf(suffix)));
    for (const suffix of goes) {
      const side = sideOf(suffix);
      if (this.#isForeign(side)) this.#moveAside(Buffer.concat([live, suffix]), side, volume);
    }
  }

  /** Whether a side file is neither one that comes nor one that has come back. */
  #isForeign(side: string): boolean {
    const { ins, outs } = this.#lookups();
    if (ins.has(side)) return false;
    const item = outs.get(side);
    return item === undefined || exists(this.#layout.kept(item));
  }

  #lookups(): Lookups {
    if (this.#lookup !== null) return this.#lookup;
    const { items, beside } = this.#record;
    const live = (path: string) => this.#layout.live(path);
    const by = (key: 'out' | 'in') =>
      new Map(items.flatMap((item) => (item[key] === null ? [] : [[item[key], item] as const])));
    this.#lookup = {
      outs: new PathLookup(by('out'), live),
      ins: new PathLookup(by('in'), live),
      beside: new PathLookup(new Map(beside.map((path) => [path, true])), live),
    };
    return this.#lookup;
  }

  #moveAside(live: BytePath, path: string, volume: number): void {
    this.#aside ??= nextAsidePath(this.#location);
    const base =
      volume === 0
        ? bytePath(this.#aside)
        : joinBytes(this.#layout.reserved(volume), Buffer.from(nameOnVolume(this.#location, basename(this.#aside))));
    const aside = joinBytes(base, pathBytes(path));
    this.#moves.makeParents(aside);
    this.#moves.move(live, aside, null);
  }

  #movedAside(): string[] {
    return this.#aside === null ? [] : [this.#aside];
  }

  /** All that a run before this one may have renamed is made durable by this one. */
  #touchAll(): void {
    for (const { path } of this.#record.directories) {
      const live = this.#layout.live(path);
      if (exists(live)) this.#moves.touch(live);
    }
  }

  #setAttributes(side: 'before' | 'after'): void {
    const finished = this.#record.directories.map((each) => ({
      directory: this.#layout.live(each.path),
      attributes: each[side],
    }));
    finishDirectories(finished, this.#moves);
  }
}
