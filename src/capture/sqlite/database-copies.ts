import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../../errors.ts';
import type { FileKey } from '../../system/file-key.ts';
import { lstatIfAny } from '../../system/stat-if-any.ts';
import { isSystemError } from '../../system-errors.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import type { CaptureItem } from '../capture-item.ts';
import type { CaptureReport } from '../capture-report.ts';
import type { Exclusions } from '../exclusions.ts';
import type { FoundDatabase } from '../item-builder.ts';
import type { SeenTree } from '../seen-tree.ts';
import { type SystemReason, systemReason } from '../system-reason.ts';
import { availableReaders, captureDatabase, type DatabaseCopied } from './capture-database.ts';
import { findDefect } from './check-structure.ts';
import { isInWalMode } from './database-header.ts';
import type { DatabaseReader, ReaderName } from './database-reader.ts';
import { idleStateOf } from './idle-database.ts';
import { AmbiguousNames, type ChosenName, LinkedDatabases } from './linked-databases.ts';
import { rawCopy } from './raw-copy.ts';

export interface DatabaseCopyOptions {
  report: CaptureReport;
  /** A private directory for the copies; asked for with the first one. */
  scratch: () => string;
  /** @default 'auto' */
  sqlite?: 'auto' | ReaderName;
  /** Copies nothing. */
  dryRun?: boolean;
  signal?: AbortSignal | undefined;
  /** Gets what was gone before it was copied. */
  seen?: SeenTree | undefined;
}

/** Decides for each database whether it is read when its turn comes or copied now, and makes the copies of one run. */
export class DatabaseCopies {
  readonly #options: DatabaseCopyOptions;
  readonly #linked: LinkedDatabases;
  readonly #lost = new Map<string, SystemReason>();
  #readers: Promise<DatabaseReader[]> | undefined;
  #count = 0;

  /** @param root absolute path of the state directory */
  constructor(root: string, exclusions: Exclusions, options: DatabaseCopyOptions) {
    this.#options = options;
    this.#linked = new LinkedDatabases(root, exclusions, options.signal);
  }

  /**
   * @returns null for one that is lost, which is then said
   * @throws BackupError `NO_SPACE`, `IO`, `ABORTED`, `USAGE`
   */
  async capture({ type: _, source, links, lose: __, ...attributes }: FoundDatabase): Promise<CaptureItem | null> {
    const { path } = attributes;
    const live: CaptureItem = { ...attributes, type: 'file', source: { ...source, idleDatabase: true } };
    if (this.#options.dryRun === true) return live;
    try {
      const name = links > 1 ? await this.#linked.choose(source.absolute, source.expect, links) : null;
      const absolute = name?.absolute ?? source.absolute;
      // One of several names is always copied: what is written beside another one does not show when it is read.
      if (name === null && (await this.#isAtRest(absolute, attributes.mtimeNs))) return live;
      const log = lstatIfAny(`${absolute}-wal`);
      const wal = (log?.isFile() && log.size > 0n ? log : undefined)?.mtimeNs ?? 0n;
      const copy = join(this.#options.scratch(), `database-${++this.#count}.db`);
      // SQLite would copy as many pages as the header has, and hide that the file has others.
      const readers = (name?.hidden ?? 0) > 0 ? [rawCopy] : await this.#available();
      const result = await captureDatabase(absolute, copy, readers, this.#options.signal);
      throwIfAborted(this.#options.signal);
      if (!('reader' in result)) return this.#lose(path, result, source.expect);
      const { status, detail } = name === null ? result : await this.#validateHidden(path, name, copy, result);
      return {
        ...attributes,
        type: 'file',
        size: lstatSync(copy).size,
        mtimeNs: attributes.mtimeNs > wal ? attributes.mtimeNs : wal,
        source: { kind: 'copy', absolute: copy, status, detail, release: () => rmSync(copy, { force: true }) },
      };
    } catch (error) {
      if (error instanceof AmbiguousNames)
        return this.#lose(path, { status: 'unreadable', detail: error.message }, source.expect);
      if (error instanceof BackupError || !isSystemError(error)) throw error;
      return this.#lose(path, systemReason(error), source.expect);
    }
  }

  async #isAtRest(absolute: string, mtimeNs: bigint): Promise<boolean> {
    const rest = idleStateOf(absolute, mtimeNs);
    if (rest !== 'unknown') return rest === 'idle';
    // Whether somebody writes to it whose lock is not shown here, SQLite can ask; without it, the pages have to show it.
    const [reader] = await this.#available();
    if (reader?.isFree === undefined) return (await findDefect(absolute, this.#options.signal)) === null;
    try {
      return reader.isFree(absolute);
    } catch {
      // Said by the copy, should that not succeed either.
      return false;
    }
  }

  /** Side files beside a name that was not found cannot be seen. */
  async #validateHidden(
    path: string,
    { hidden }: ChosenName,
    copy: string,
    result: DatabaseCopied,
  ): Promise<Pick<DatabaseCopied, 'status' | 'detail'>> {
    if (hidden === 0 || result.status === 'inconsistent') return result;
    const names = `it is a hard link, and ${hidden} of its names are outside the state directory or excluded`;
    if (isInWalMode(copy)) {
      const detail = `${names}: what is committed in a write-ahead log beside one of them is missing`;
      return { status: 'inconsistent', detail };
    }
    const defect = await findDefect(copy, this.#options.signal);
    if (defect !== null) {
      return { status: 'inconsistent', detail: `${names}: its journal may be beside one of them (${defect})` };
    }
    this.#options.report.notice(path, `${names}: a journal beside one of them would not be seen`);
    return result;
  }

  #lose(path: string, reason: SystemReason, file: FileKey): null {
    if (reason.status === 'deleted') this.#options.seen?.missed(file);
    this.#options.report.incomplete(path, reason.status, reason.detail);
    this.#lost.set(path, reason);
    return null;
  }

  /** Whether an item is another name of a database that could not be copied; says that it is lost too. */
  loses(item: CaptureItem): boolean {
    const reason = item.type === 'hardlink' ? this.#lost.get(item.link) : undefined;
    if (reason !== undefined) this.#options.report.incomplete(item.path, reason.status, reason.detail);
    return reason !== undefined;
  }

  async #available(): Promise<DatabaseReader[]> {
    const { sqlite = 'auto' } = this.#options;
    this.#readers ??= availableReaders(sqlite);
    const readers = await this.#readers;
    if (readers.length > 0) return readers;
    throw new BackupError('USAGE', `this Node (${process.version}) cannot copy databases with "${sqlite}"`, {
      hint: 'Use "auto", or install what is missing.',
    });
  }
}
