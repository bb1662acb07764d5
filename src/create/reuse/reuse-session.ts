import fs from 'node:fs';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import type { Compression, Totals } from '../../format/index-root.ts';
import { openReader } from '../../storage/open-reader.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { cacheFolder } from '../../system/cache-folder.ts';
import { clearTemporaries } from '../../system/clear-temporaries.ts';
import { CacheableFiles } from './cacheable-files.ts';
import { Parent, type ParentDamage } from './parent.ts';
import { ParentReuse } from './parent-reuse.ts';
import { StatCache } from './stat-cache.ts';
import { stateDirKey } from './stat-cache-file.ts';
import { StatRecorder } from './stat-recorder.ts';

/** So many runs go by what is remembered; the next one reads every file, so that a disk that lies is found within a week. */
const RUNS_BETWEEN_RESCANS = 6;

/** What of a snapshot was copied from its parent. */
export interface ReuseReport {
  /** Path or URL of the parent. */
  parent: string;
  /** When the parent was made, as its manifest has it (RFC 3339). */
  parentCreatedAt: string;
  /** Bytes of the snapshot that were copied from the parent. */
  copiedBytes: number;
  /** Bytes of the snapshot that hold entries, copied or not. */
  storedBytes: number;
  /** Number of files that were read. */
  readFiles: number;
  /** Number of files that were not read, because their inodes and times show that they did not change. */
  unreadFiles: number;
  /** Whether every file was read, because `rescan` was given or it was the seventh run. */
  rescan: boolean;
  /** What is damaged in the parent, or could not be read. In the new snapshot it was made from the files. */
  damage: ParentDamage[];
}

export interface ReuseSessionOptions extends OperationOptions {
  /** Absolute path of the state directory. */
  root: string;
  /** The snapshot to copy from, or what finds it; null for none. */
  parent: string | RangeReader | (() => Promise<string | null>) | null;
  /** Read every file, whatever is remembered. */
  rescan: boolean;
  /** Whether the snapshot is likely to be a parent: then its files are remembered. */
  remember: boolean;
  compression: Compression;
}

/** What the making of one snapshot has to do with the one before it and the one after. */
export class ReuseSession {
  readonly reuse: ParentReuse | null;
  readonly recorder: StatRecorder | null;
  readonly #parent: Parent | null;
  readonly #reader: RangeReader | null;
  readonly #cache: StatCache | null;
  readonly #rescan: boolean;
  readonly #runs: number;

  /** @throws BackupError what `openReader` throws of a parent that was named */
  static async open(options: ReuseSessionOptions): Promise<ReuseSession> {
    const beganMs = Date.now();
    const opened = await openParent(options);
    try {
      return new ReuseSession(options, beganMs, opened, await usableFolder(options));
    } catch (error) {
      await opened?.reader.close();
      throw error;
    }
  }

  private constructor(
    { root, rescan, remember, onEvent }: ReuseSessionOptions,
    beganMs: number,
    opened: { parent: Parent; reader: RangeReader } | null,
    folder: string | null,
  ) {
    this.#parent = opened?.parent ?? null;
    this.#reader = opened?.reader ?? null;
    const stateDir = stateDirKey(fs.realpathSync(root));
    const cacheable = new CacheableFiles(beganMs, root.endsWith('/') ? root : `${root}/`);
    const parent = this.#parent;
    this.#cache =
      parent === null || folder === null
        ? null
        : StatCache.open(folder, stateDir, parent.rootSha256, parent.totals.entries);
    const runs = this.#cache?.runs ?? 0;
    this.#rescan = rescan || runs >= RUNS_BETWEEN_RESCANS;
    const isReadAll = this.#cache === null || this.#rescan;
    this.#runs = isReadAll ? 0 : runs + 1;
    this.reuse = parent === null ? null : new ParentReuse(parent, isReadAll ? null : this.#cache, cacheable);
    const onFailure = (error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `what was seen cannot be remembered here, so the next run reads every file: ${reason}`;
      onEvent?.({ type: 'notice', path: folder ?? '', message });
    };
    this.recorder = folder === null || !remember ? null : new StatRecorder(folder, stateDir, cacheable, onFailure);
  }

  /** What the parent holds; null without one. */
  get parentTotals(): Pick<Totals, 'entries' | 'bytes'> | null {
    return this.#parent?.totals ?? null;
  }

  /**
   * Called when the snapshot is committed: what was seen is remembered.
   *
   * @param rootSha256 SHA-256 of its index header
   */
  commit(rootSha256: Buffer): void {
    this.recorder?.commit(rootSha256, this.#runs);
  }

  /**
   * What was copied; null without a parent.
   *
   * @param storedBytes of all members that hold entries
   * @param files in the snapshot
   */
  report(storedBytes: number, files: number): ReuseReport | null {
    if (this.#parent === null || this.reuse === null) return null;
    const { name, createdAt, damage } = this.#parent;
    const { bytes, unreadFiles } = this.reuse.copied;
    return {
      parent: name,
      parentCreatedAt: createdAt,
      copiedBytes: bytes,
      storedBytes,
      readFiles: files - unreadFiles,
      unreadFiles,
      rescan: this.#rescan,
      damage,
    };
  }

  async close(): Promise<void> {
    this.recorder?.discard();
    this.#cache?.close();
    await this.#reader?.close();
  }
}

async function openParent({
  parent,
  compression,
  signal,
  onEvent,
}: ReuseSessionOptions): Promise<{ parent: Parent; reader: RangeReader } | null> {
  const named = typeof parent === 'function' ? await parent() : parent;
  if (named === null) return null;
  const reader = await openReader(named, signal && { signal }).catch((error: unknown) => {
    // One that was found and is gone again is none.
    if (typeof parent === 'function' && error instanceof BackupError && error.code !== 'ABORTED') return null;
    throw error;
  });
  if (reader === null) return null;
  const opened = await Parent.open(reader, compression);
  if (opened instanceof Parent) return { parent: opened, reader };
  onEvent?.({ type: 'notice', path: reader.name, message: `is of no use as parent of this snapshot: ${opened}` });
  await reader.close();
  return null;
}

/** The folder of caches; null where there is none, or it would be part of the state. */
async function usableFolder({ root, onEvent }: ReuseSessionOptions): Promise<string | null> {
  const folder = cacheFolder();
  if (folder === null || !fs.existsSync(folder)) return folder === null || isBelow(folder, root) ? null : folder;
  if (isBelow(fs.realpathSync(folder), root)) return null;
  await clearTemporaries(folder, onEvent);
  return folder;
}

function isBelow(folder: string, root: string): boolean {
  return `${folder}/`.startsWith(`${fs.realpathSync(root)}/`.replace('//', '/'));
}
