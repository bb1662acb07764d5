import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BackupError, isSystemError } from '../errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import type { CaptureItem, FileKey } from './capture-item.ts';
import type { CaptureReport } from './capture-report.ts';
import { Exclusions } from './exclusions.ts';
import type { HeldFile } from './held-file.ts';
import { type FoundDatabase, scanStateDir } from './scan.ts';
import type { SeenTree } from './seen-tree.ts';
import { availableReaders, captureDatabase } from './sqlite/capture-database.ts';
import type { DatabaseReader, ReaderName } from './sqlite/database-reader.ts';
import { isAtRest } from './sqlite/quiet-database.ts';
import { type SystemReason, systemReason } from './system-reason.ts';
import { compileUserExcludes } from './user-excludes.ts';

export interface CaptureOptions {
  /** Patterns in gitignore's language. */
  excludes: readonly string[];
  /** The output: the open temporary file, and the file that it will replace. */
  output: readonly FileKey[];
  /** Whether a root `manifest.json` is that of a backup, which stays out; any other is an error. */
  isBackupManifest: (bytes: Uint8Array) => boolean;
  report: CaptureReport;
  /** A private directory for copies of databases; asked for with the first one that is in use. */
  scratch: () => string;
  /**
   * How databases in use are copied: by SQLite itself as Node has it (`node`) or as `better-sqlite3` has it, or without
   * a library (`pair`); `auto` takes the first that is available.
   *
   * @default 'auto'
   */
  sqlite?: 'auto' | ReaderName;
  /**
   * Only look: nothing is copied, and the sizes of directories that stay out are added up.
   *
   * @default false
   */
  dryRun?: boolean;
  signal?: AbortSignal | undefined;
  /** Told of all that is seen; absent where nobody looks for what was moved meanwhile. */
  seen?: SeenTree | undefined;
}

/** A batch is handed over at this many items or bytes read, so that neither the event loop nor the memory is held up. */
const BATCH_ITEMS = 512;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Everything of the state directory that goes into the snapshot, in its order, in batches. Goes on only as fast as it is
 * asked to.
 *
 * @param root absolute path of the state directory, from `openStateDir`
 * @throws BackupError `MANIFEST_NAME_TAKEN`, `PERMISSION`, `IO`, `ABORTED`, `USAGE` when the reader that was asked for
 *   is not available
 */
export async function* captureState(root: string, options: CaptureOptions): AsyncGenerator<CaptureItem[], void, void> {
  const { excludes, output, isBackupManifest, report, dryRun = false, signal, seen } = options;
  const exclusions = new Exclusions(compileUserExcludes(excludes), output);
  const databases = new DatabaseCopies(options);
  const held: HeldFile[] = [];
  const onHeld = (file: HeldFile) => held.push(file);
  let batch: CaptureItem[] = [];
  let bytes = 0;
  try {
    for (const found of scanStateDir(root, { exclusions, report, isBackupManifest, onHeld, dryRun, seen })) {
      const item = found.type === 'database' ? await databases.capture(found) : found;
      if (item === null || databases.loses(item)) continue;
      batch.push(item);
      if (item.type === 'file' && item.source.kind === 'bytes') bytes += item.size;
      if (batch.length < BATCH_ITEMS && bytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      bytes = 0;
      await setImmediate();
      throwIfAborted(signal);
    }
    throwIfAborted(signal);
    if (batch.length > 0) yield batch;
  } finally {
    for (const file of held) file.close();
  }
}

/** Makes the copies of one run, each under a name of its own. */
class DatabaseCopies {
  readonly #options: CaptureOptions;
  readonly #lost = new Map<string, SystemReason>();
  #readers: Promise<DatabaseReader[]> | undefined;
  #count = 0;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** @returns null for one that is lost, which is then said */
  async capture({ type: _, source, ...attributes }: FoundDatabase): Promise<CaptureItem | null> {
    const { absolute } = source;
    let wal: bigint;
    try {
      if (this.#options.dryRun || isAtRest(absolute, attributes.mtimeNs)) {
        return { ...attributes, type: 'file', source: { ...source, quietDatabase: true } };
      }
      wal = lstatSync(`${absolute}-wal`, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return this.#lose(attributes.path, systemReason(error), source.expect);
    }
    const copy = join(this.#options.scratch(), `database-${++this.#count}.db`);
    const result = await captureDatabase(absolute, copy, await this.#availableReaders());
    throwIfAborted(this.#options.signal);
    if (!('reader' in result)) return this.#lose(attributes.path, result, source.expect);
    const { verdict } = result;
    const release = () => rmSync(copy, { force: true });
    return {
      ...attributes,
      type: 'file',
      size: lstatSync(copy).size,
      mtimeNs: attributes.mtimeNs > wal ? attributes.mtimeNs : wal,
      source: { kind: 'copy', absolute: copy, verdict, release },
    };
  }

  #lose(path: string, reason: SystemReason, file: FileKey): null {
    if (reason.verdict === 'vanished') this.#options.seen?.missed(file);
    this.#options.report.loss(path, reason.verdict, reason.detail);
    this.#lost.set(path, reason);
    return null;
  }

  /** Whether an item is another name of a database that could not be copied; says that it is lost too. */
  loses(item: CaptureItem): boolean {
    const reason = item.type === 'hardlink' ? this.#lost.get(item.link) : undefined;
    if (reason !== undefined) this.#options.report.loss(item.path, reason.verdict, reason.detail);
    return reason !== undefined;
  }

  async #availableReaders(): Promise<DatabaseReader[]> {
    const { sqlite = 'auto' } = this.#options;
    this.#readers ??= availableReaders(sqlite);
    const readers = await this.#readers;
    if (readers.length > 0) return readers;
    throw new BackupError('USAGE', `this Node (${process.version}) cannot copy databases with "${sqlite}"`, {
      hint: 'Use "auto", or install what is missing.',
    });
  }
}
