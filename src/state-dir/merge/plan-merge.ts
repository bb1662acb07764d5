import { chmodSync, type Stats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { foldName } from '../../format/fold-name.ts';
import { type BytePath, bytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import { RESERVED_DIRECTORY } from '../artifact-names.ts';
import type { Location } from '../location.ts';
import { type KnownTopAttributes, readTop, type TopAttributes } from '../top-attributes.ts';
import { MoveChecks, statsAt } from './exchange-checks.ts';
import { pathBytes } from './exchange-layout.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { LiveSpelling } from './live-spelling.ts';
import { mergeActionFor, sideFilesOf } from './merge-rules.ts';
import { PathLookup } from './path-lookup.ts';

export interface MergeOptions extends OperationOptions {
  /** Attributes for the state directory itself. What is absent stays. */
  top: TopAttributes;
  /** Whether directories that are there already get the owner that the staged ones have. */
  owners: boolean;
  /** Directories that the snapshot names; null for all. Those that it only implies keep what they have. */
  named: ReadonlySet<string> | null;
}

const ENTRIES_PER_TURN = 500;

/**
 * Plans how a staged tree is merged into the state directory: for each thing that is staged, what is in its place goes out and it
 * comes in. A directory that is one in both is entered, and gets the attributes of the staged one; a directory that is new, or is where
 * something else was, comes as a whole. Nothing else is looked at, so the cost is that of what comes.
 *
 * @throws `IO`, `PERMISSION` where something cannot be moved; `ENTRY_CONFLICT`; `ABORTED`
 */
export async function planMerge(location: Location, staged: string, options: MergeOptions): Promise<ExchangeRecord> {
  const planner = new MergePlanner(location, staged, options);
  const stats = statsAt(bytePath(location.target)) as Stats;
  await planner.plan({ path: '', from: '', volume: 0, device: stats.dev });
  return planner.record;
}

/** A directory that is one in both trees. */
interface SharedDirectory {
  /** Relative to the state directory, as it is stored there. */
  path: string;
  /** Relative to the staged tree. */
  from: string;
  volume: number;
  device: number;
}

class MergePlanner {
  readonly record: ExchangeRecord = { volumes: [''], items: [], directories: [], beside: [] };
  readonly #live: BytePath;
  readonly #staged: BytePath;
  readonly #checks: MoveChecks;
  readonly #spelling = new LiveSpelling();
  readonly #options: MergeOptions;
  #entries = 0;

  constructor(location: Location, staged: string, options: MergeOptions) {
    this.#live = bytePath(location.target);
    this.#staged = bytePath(staged);
    this.#checks = new MoveChecks(location);
    this.#options = options;
  }

  async plan(shared: SharedDirectory): Promise<void> {
    const { path, from } = shared;
    const directory = below(this.#live, path);
    const before = readTop(directory);
    const after = this.#attributesAfter(shared, before);
    const names = childNames(this.#opened(from));
    if (path === '') refuseReserved(names);
    const staged = new PathLookup(new Map(names.map((name) => [name.toString('latin1'), name])), (name) =>
      joinBytes(directory, pathBytes(name)),
    );
    const items = this.record.items.length;
    for (const name of names) {
      await this.#turn();
      await this.#planEntry(shared, directory, name, staged);
    }
    // Also a directory that only leads to what is exchanged: an undo may have to make it again.
    if (this.record.items.length > items || differ(before, after)) {
      this.record.directories.push({ path, before, after });
    }
  }

  async #planEntry(
    shared: SharedDirectory,
    directory: BytePath,
    name: BytePath,
    staged: PathLookup<BytePath>,
  ): Promise<void> {
    const from = joined(shared.from, name);
    const stagedPath = below(this.#staged, from);
    const comes = statsAt(stagedPath) as Stats;
    const existing = statsAt(joinBytes(directory, name));
    const stored = existing === undefined ? name : this.#spelling.of(directory, name, existing);
    const path = joined(shared.path, stored);
    const what = mergeActionFor(existing?.isDirectory() ?? null, comes.isDirectory());
    if (existing !== undefined && what === 'enter') {
      await this.plan({ path, from, ...this.#volumeOf(shared, path, existing) });
      return;
    }
    const { volume, device } = shared;
    const incoming = joined(shared.path, name);
    this.record.items.push({
      out: existing === undefined ? null : path,
      in: incoming,
      from: from === incoming ? null : from,
      volume,
      outMode: existing === undefined ? null : this.#checks.modeForMove(below(this.#live, path), existing, device),
      inMode: this.#checks.modeForMove(stagedPath, comes, comes.dev),
    });
    const { goes, stays } = sideFilesOf(joinBytes(directory, stored), what, comes.isDirectory());
    for (const suffix of stays) this.record.beside.push(joined(shared.path, Buffer.concat([stored, suffix])));
    for (const suffix of goes) {
      const side = Buffer.concat([stored, suffix]);
      // It comes itself, perhaps under another spelling, and what is there goes out for it.
      if (staged.has(side.toString('latin1'))) continue;
      const out = joined(shared.path, side);
      this.record.items.push({ out, in: null, from: null, volume, outMode: null, inMode: null });
    }
  }

  #volumeOf(
    { volume, device }: SharedDirectory,
    path: string,
    existing: Stats,
  ): Pick<SharedDirectory, 'volume' | 'device'> {
    if (!this.#checks.isVolume(below(this.#live, path), existing.dev, device)) return { volume, device };
    this.record.volumes.push(path);
    return { volume: this.record.volumes.length - 1, device: existing.dev };
  }

  #attributesAfter({ path, from }: SharedDirectory, before: KnownTopAttributes): KnownTopAttributes {
    const { top, named, owners, onEvent } = this.#options;
    const isNamed = path === '' || named === null || named.has(pathBytes(from).toString());
    if (!isNamed) return before;
    const wanted: TopAttributes = path === '' ? top : readTop(below(this.#staged, from));
    const after: KnownTopAttributes = {
      mode: wanted.mode ?? before.mode,
      mtimeNs: wanted.mtimeNs ?? before.mtimeNs,
      uid: owners ? (wanted.uid ?? before.uid) : before.uid,
      gid: owners ? (wanted.gid ?? before.gid) : before.gid,
    };
    if (this.#checks.ownsWith(before) || !differ(before, after)) return after;
    const absolute = below(this.#live, path).toString();
    onEvent?.({ type: 'notice', path: absolute, message: 'belongs to another user: its mode and time stay' });
    return before;
  }

  /** A staged directory that things can be moved out of, whatever mode it was given. */
  #opened(from: string): BytePath {
    const directory = below(this.#staged, from);
    const { mode } = readTop(directory);
    if ((mode & 0o700) !== 0o700) chmodSync(directory, mode | 0o700);
    return directory;
  }

  async #turn(): Promise<void> {
    this.#entries += 1;
    if (this.#entries % ENTRIES_PER_TURN !== 0) return;
    await setImmediate();
    throwIfAborted(this.#options.signal);
    this.#options.onEvent?.({ type: 'progress', phase: 'commit', entries: this.#entries, bytes: 0 });
  }
}

function refuseReserved(staged: readonly BytePath[]): void {
  const name = staged.map(String).find((each) => foldName(each) === RESERVED_DIRECTORY);
  if (name === undefined) return;
  throw new BackupError('ENTRY_CONFLICT', `the snapshot holds ${name}, where previous states are kept`, {
    path: name,
    hint: `Exclude it by two patterns in \`paths\`: "*" and "!${name}".`,
  });
}

function differ(a: KnownTopAttributes, b: KnownTopAttributes): boolean {
  return a.mode !== b.mode || a.mtimeNs !== b.mtimeNs || a.uid !== b.uid || a.gid !== b.gid;
}

function joined(directory: string, name: BytePath): string {
  const text = name.toString('latin1');
  return directory === '' ? text : `${directory}/${text}`;
}

function below(root: BytePath, path: string): BytePath {
  return path === '' ? root : joinBytes(root, pathBytes(path));
}
