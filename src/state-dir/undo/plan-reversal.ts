import { BackupError } from '../../errors.ts';
import type { BytePath } from '../../system/byte-path.ts';
import { databaseSideFiles } from '../merge/database-side-files.ts';
import { MoveChecks, statsAt } from '../merge/exchange-checks.ts';
import { ExchangeLayout, parentPath } from '../merge/exchange-layout.ts';
import {
  type ExchangedDirectory,
  type ExchangeItem,
  type ExchangeRecord,
  readRecord,
} from '../merge/exchange-record.ts';
import { PathLookup } from '../merge/path-lookup.ts';
import { type KnownTopAttributes, readTop } from '../top-attributes.ts';
import type { KeptState } from './previous-states.ts';

/**
 * Plans the reversal of an exchange: what came in goes out, what went out comes back. What was changed by others since is kept like the rest of what
 * goes out; directories get their attributes back unless somebody changed these.
 *
 * @param state a previous state of kind `merge`
 */
export function planReversal(state: KeptState): ExchangeRecord {
  const record = readRecord(state.path);
  return new ReversalPlanner(state, record).plan();
}

class ReversalPlanner {
  readonly #earlier: ExchangeRecord;
  readonly #layout: ExchangeLayout;
  readonly #checks: MoveChecks;
  readonly #items: ExchangeItem[] = [];
  /** Directories of the state directory, by whether they are such. */
  readonly #directories = new Map<string, boolean>();
  /** Paths that come back as a whole, since no directory is there any more. */
  readonly #whole = new Set<string>();

  constructor({ location, recorded: { directory } }: KeptState, earlier: ExchangeRecord) {
    this.#earlier = earlier;
    this.#layout = new ExchangeLayout(location, { incoming: directory, kept: directory }, earlier.volumes);
    this.#checks = new MoveChecks(location);
  }

  plan(): ExchangeRecord {
    this.#requireVolumes();
    for (const item of this.#earlier.items) this.#reverse(item);
    this.#addSideFiles();
    const directories = this.#earlier.directories.map((each) => this.#attributesBack(each));
    const { volumes, beside } = this.#earlier;
    return { volumes, items: this.#items, directories, beside };
  }

  #requireVolumes(): void {
    for (const volume of new Set(this.#earlier.items.map((item) => item.volume))) {
      if (statsAt(this.#layout.incomingBase(volume))?.isDirectory()) continue;
      const path = this.#layout.live(this.#earlier.volumes[volume] as string).toString();
      throw new BackupError('IO', `what was taken out of ${path} is not there`, {
        path,
        hint: 'Mount what was mounted there at the time of the restore, then run this again.',
      });
    }
  }

  #reverse({ out, in: came, volume, outMode }: ExchangeItem): void {
    const path = (came ?? out) as string;
    const missing = this.#missingAncestor(path);
    if (missing !== null) {
      if (out !== null) this.#bringWhole(missing, volume);
      return;
    }
    const live = this.#layout.live(path);
    const existing = statsAt(live);
    const back: ExchangeItem = { out: null, in: out, from: null, volume, outMode: null, inMode: outMode };
    if (out !== null && statsAt(this.#layout.incoming(back)) === undefined) back.in = null;
    if (existing !== undefined) {
      back.out = path;
      const above = statsAt(this.#layout.live(parentPath(path)));
      back.outMode = this.#checks.modeForMove(live, existing, above?.dev ?? existing.dev);
    }
    if (back.out !== null || back.in !== null) this.#items.push(back);
  }

  /** The path above `path`, nearest to the top, where there is no directory; null if all are there. */
  #missingAncestor(path: string): string | null {
    const parent = parentPath(path);
    if (parent === '') return null;
    const above = this.#missingAncestor(parent);
    if (above !== null) return above;
    let isDirectory = this.#directories.get(parent);
    if (isDirectory === undefined) {
      isDirectory = statsAt(this.#layout.live(parent))?.isDirectory() ?? false;
      this.#directories.set(parent, isDirectory);
    }
    return isDirectory ? null : parent;
  }

  /** A directory that things are to come back into has gone since: it comes back with them. */
  #bringWhole(path: string, volume: number): void {
    if (this.#whole.has(path)) return;
    this.#whole.add(path);
    const live = this.#layout.live(path);
    const existing = statsAt(live);
    const above = statsAt(this.#layout.live(parentPath(path)));
    const outMode =
      existing === undefined ? null : this.#checks.modeForMove(live, existing, above?.dev ?? existing.dev);
    this.#items.push({
      out: existing === undefined ? null : path,
      in: path,
      from: null,
      volume,
      outMode,
      inMode: null,
    });
  }

  /** Logs that were made beside a database since it came go out with it. */
  #addSideFiles(): void {
    const live = (path: string) => this.#layout.live(path);
    const beside = new PathLookup(new Map(this.#earlier.beside.map((path) => [path, true])), live);
    const paths = this.#items.flatMap((item) => [item.out, item.in]).filter((path) => path !== null);
    const exchanged = new PathLookup(new Map(paths.map((path) => [path, true])), live);
    for (const { out, in: comes, volume } of [...this.#items]) {
      const path = (out ?? comes) as string;
      const sideOf = (suffix: BytePath) => path + suffix.toString('latin1');
      const { goes } = databaseSideFiles(this.#layout.live(path), (suffix) => beside.has(sideOf(suffix)));
      for (const side of goes.map(sideOf)) {
        if (exchanged.has(side)) continue;
        this.#items.push({ out: side, in: null, from: null, volume, outMode: null, inMode: null });
      }
    }
  }

  #attributesBack({ path, before, after }: ExchangedDirectory): ExchangedDirectory {
    const live = this.#layout.live(path);
    if (statsAt(live)?.isDirectory() !== true) return { path, before, after: before };
    const now = readTop(live);
    const back: KnownTopAttributes = {
      mode: now.mode === after.mode ? before.mode : now.mode,
      uid: now.uid === after.uid ? before.uid : now.uid,
      gid: now.gid === after.gid ? before.gid : now.gid,
      mtimeNs: sameTime(now.mtimeNs, after.mtimeNs) ? before.mtimeNs : now.mtimeNs,
    };
    return { path, before: now, after: back };
  }
}

/** What file systems keep of a time, coarser than microseconds: exFAT, ext3 and HFS+, FAT. In nanoseconds. */
const TIME_STEPS_NS = [10_000_000n, 1_000_000_000n, 2_000_000_000n];

/** Whether a time that is read is one that was set: to the microsecond, for finer ones cannot be set everywhere; or rounded down to what is kept. */
function sameTime(read: bigint, set: bigint): boolean {
  return microsecondOf(read) === microsecondOf(set) || TIME_STEPS_NS.some((step) => read === set - (set % step));
}

/** The microsecond that a time lies in. Division alone would cut towards 1970. */
function microsecondOf(ns: bigint): bigint {
  const rest = ns % 1000n;
  return (ns - rest) / 1000n - (rest < 0n ? 1n : 0n);
}
