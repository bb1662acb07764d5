import { createHash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { CaptureItem } from '../capture/capture-item.ts';
import { CLOCK_TICK_MS, type FileAttributes } from '../capture/file-state.ts';
import { PathGuard } from '../capture/path-guard.ts';
import type { SeenTree } from '../capture/seen-tree.ts';
import { systemReason } from '../capture/system-reason.ts';
import type { FileStatus } from '../format/file-status.ts';
import { type BlockEntry, DIGEST_DIGITS } from '../format/index-block.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { ALONE_ABOVE, CHUNK, cutsBefore } from '../format/member-plan.ts';
import type { SnapshotSink } from '../storage/storage.ts';
import type { FileKey } from '../system/file-key.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import type { WorkerPool } from '../workers/pool.ts';
import { RecycledBuffers } from '../workers/recycled-buffers.ts';
import { OrderedWindow } from '../workers/window.ts';
import { type ContentOutcome, type ContentReader, copySource, openContent } from './content-reader.ts';
import { type ClosedBlock, IndexBuilder } from './index-builder.ts';
import type { IndexWriter } from './index-writer.ts';
import { entryOf, tarLength, timeStatus } from './item-entry.ts';
import { largePieces } from './large-pieces.ts';
import { refuseBeyondLimits } from './limits.ts';
import { encodeBatch, type PackDeviation, type PackedBatch, type PackItem } from './pack-batch.ts';
import type { PackJob, PackResult } from './pack-worker.ts';
import type { SelfCheck } from './self-check.ts';

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** Where in the snapshot an attempt at a large file began. */
interface Written {
  position: number;
  members: number;
}

/** Each is a few hundred KiB. */
const BLOCKS_UNDER_WAY = 4;

/** Attempts at a large file that changes while it is read; each further one takes back what the one before wrote. */
const LARGE_ATTEMPTS = 3;
const LARGE_PAUSE_MS = 100;

/** What is said of a large file that changed on its way into a stream. */
const READ_ONCE = '; what went into a stream cannot be taken back: to have it read again, write the snapshot to a file';

export interface SnapshotWriterOptions {
  pool: WorkerPool<PackJob, unknown>;
  sink: SnapshotSink;
  writer: IndexWriter;
  check: SelfCheck;
  /** Absolute path of the state directory, ending with `/`. */
  root: string;
  /** Told what became of the files that were seen. */
  seen: SeenTree;
  /** Called when a file was not captured clean at once. */
  onStatus: (status: RecordedStatus) => void;
  /** Called with each entry that is in the snapshot. */
  onEntry: (entry: BlockEntry) => void;
  /** Called after each piece of work, with what is written so far; may throw to end the snapshot. */
  onProgress: (entries: number, bytes: number) => void;
}

/**
 * Turns items, in order, into the members of a snapshot and the blocks of its index. Small files are read, hashed and compressed in
 * workers, a member each; of a large file this thread reads and hashes the pieces and workers compress them. Results are written in order.
 */
export class SnapshotWriter {
  readonly index: IndexBuilder;
  readonly #options: SnapshotWriterOptions;
  readonly #window: OrderedWindow;
  /** Blocks of the index on their way into the spool. */
  readonly #encoded = new OrderedWindow(BLOCKS_UNDER_WAY);
  readonly #place: PathGuard;
  /** Names that are gone, or another file's by now: hard links to them would not lead to the file that was scanned. */
  readonly #brokenLinks = new Set<string>();
  /** Attributes of files that had others than the scan saw, by path. */
  readonly #moved = new Map<string, FileAttributes>();
  readonly #buffers = new RecycledBuffers();
  #batch: CaptureItem[] = [];
  #pieces = 0;
  #held = 0;
  #seenMs = 0;

  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
    this.#place = new PathGuard(options.root);
    this.#window = new OrderedWindow(options.pool.size * 2 + 1);
    this.index = new IndexBuilder(options.sink.position, options.onEntry);
  }

  /**
   * Takes the next item.
   *
   * @param seenMs when the scan had looked at it, by `monotonicMs`
   */
  async add(found: CaptureItem, seenMs: number): Promise<void> {
    this.#seenMs = seenMs;
    // A copy may be dated later than what was seen: its other names come with what it has.
    if (found.type === 'file' && found.source.kind === 'copy') this.#moved.set(found.path, found);
    const item = this.#withAttributesOfFile(found);
    refuseBeyondLimits(item);
    const captured = capturedStatus(item);
    if (captured !== null) this.#options.onStatus(captured);
    if (item.type === 'file' && item.size > CHUNK) {
      await this.#flush();
      await this.#packLarge(item);
      return;
    }
    const tarBytes = tarLength(item);
    if (cutsBefore(item.path, tarBytes, this.#held, NODE_CODEC)) await this.#flush();
    this.#batch.push(item);
    this.#held += tarBytes;
  }

  /** Writes what is still under way and closes the last block. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#window.drain();
    await this.#store(this.index.close());
    await this.#encoded.drain();
    this.#options.writer.finish();
  }

  async #flush(): Promise<void> {
    const items = this.#batch;
    if (items.length === 0) return;
    this.#batch = [];
    this.#held = 0;
    const copies = items.map((item) => this.#asLive(item));
    const packed = this.#pack(copies);
    await this.#window.add(packed, async (result) => {
      await this.#writeBatch(copies, result);
      // Not before: the batch may have been packed a second time.
      for (const item of items) releaseCopy(item);
    });
  }

  #pack(items: readonly PackItem[]): Promise<PackedBatch> {
    return this.#run({ kind: 'batch', batch: encodeBatch(items, this.#options.root, this.#seenMs) });
  }

  /** Private copies are read like live files, for they are files. */
  #asLive(item: CaptureItem): PackItem {
    if (item.type !== 'file' || item.source.kind !== 'copy') return item as PackItem;
    const source = copySource(item.source.absolute);
    if ('kind' in source) return { ...item, source };
    // Gone: the worker will find so, and say it.
    return {
      ...item,
      source: {
        kind: 'live',
        absolute: item.source.absolute,
        expect: NO_FILE,
        idleDatabase: false,
        mapped: false,
      },
    };
  }

  async #writeBatch(items: readonly PackItem[], packed: PackedBatch): Promise<void> {
    const deviations = new Map(packed.deviations.map((deviation) => [deviation.item, deviation]));
    for (const [i, { lost, replaced, status }] of deviations)
      if (lost || replaced !== null) this.#breakLinks(items[i] as PackItem, replaced, status);
    if (items.some((item) => item.type === 'hardlink' && this.#brokenLinks.has(item.link))) {
      const relinked = this.#relink(items);
      await this.#writeBatch(relinked, await this.#pack(relinked));
      return;
    }
    if (items.some((item) => this.#withAttributesOfFile(item) !== item)) {
      const agreeing = items.map((item) => this.#withAttributesOfFile(item));
      await this.#writeBatch(agreeing, await this.#pack(agreeing));
      return;
    }
    const { seen } = this.#options;
    const entries: BlockEntry[] = [];
    let file = 0;
    for (const [i, item] of items.entries()) {
      const deviation = deviations.get(i);
      if (item.type === 'file' && deviation?.attributes) this.#moved.set(item.path, deviation.attributes);
      const lost = deviation?.lost ?? false;
      const status = (lost ? null : timeStatus(item, deviation?.attributes)) ?? statusOf(item, deviation);
      if (status !== null) this.#options.onStatus(status);
      if (lost) continue;
      if (item.type === 'file' && item.source.kind === 'live' && !deviation?.replaced)
        seen.captured(item.source.expect);
      const sha256 =
        item.type === 'file' ? packed.digests.slice(file * DIGEST_DIGITS, ++file * DIGEST_DIGITS) : undefined;
      entries.push(
        entryOf(item, deviation?.size ?? (item.type === 'file' ? item.size : 0), deviation?.attributes ?? null, sha256),
      );
    }
    if (packed.member === null) return;
    await this.#options.sink.write(packed.member);
    const { member, raw, sha256 } = packed;
    this.index.addMember({ stored: member.length, raw, sha256, pieceSha256: '' });
    for (const entry of entries) this.index.addEntry(entry);
    this.#progress(0);
    await this.#store(this.index.endUnit());
  }

  /** A hard link with what its file turned out to have: all names of a file have the same. */
  #withAttributesOfFile<Item extends CaptureItem | PackItem>(item: Item): Item {
    const file = item.type === 'hardlink' ? this.#moved.get(item.link) : undefined;
    if (file === undefined) return item;
    const { uid, gid, mtimeNs } = file;
    const mode = file.mode & 0o1777;
    const agrees = item.mode === mode && item.uid === uid && item.gid === gid && item.mtimeNs === mtimeNs;
    return agrees ? item : { ...item, mode, uid, gid, mtimeNs };
  }

  /** Of a file whose first name is broken the next name becomes the file. */
  #relink(items: readonly PackItem[]): PackItem[] {
    const promoted = new Map<string, string>();
    return items.map((item) => {
      if (item.type !== 'hardlink' || !this.#brokenLinks.has(item.link)) return item;
      const promotedName = promoted.get(item.link);
      if (promotedName !== undefined) return { ...item, link: promotedName };
      promoted.set(item.link, item.path);
      const { link: _, ...rest } = item;
      return { ...rest, type: 'file' };
    });
  }

  /**
   * Notes that a name is not that of the file that was seen there.
   *
   * @param by the file that was captured under the name, if any
   */
  #breakLinks(item: CaptureItem, by: FileKey | null, status: FileStatus): void {
    const { seen } = this.#options;
    this.#brokenLinks.add(item.path);
    if (by !== null) seen.capturedInstead(by);
    // What is unreadable is named as such, where it is.
    if (status !== 'unreadable' && 'source' in item && item.source?.kind === 'live') seen.missed(item.source.expect);
  }

  async #packLarge(item: FileItem): Promise<void> {
    try {
      let outcome: 'done' | 'again' | 'whole lines' = 'again';
      for (let attempt = 1; outcome !== 'done'; attempt++) {
        if (attempt > 1 && outcome === 'again') await setTimeout(LARGE_PAUSE_MS * (attempt - 1));
        outcome = await this.#attemptLarge(item, attempt, outcome === 'whole lines');
      }
    } finally {
      releaseCopy(item);
    }
  }

  /**
   * @param wholeLines that the file is known to be a growing log
   * @returns whether it is to be tried again, as it is or up to its last whole line; then nothing of it was left in the
   *   snapshot
   */
  async #attemptLarge(item: FileItem, attempt: number, wholeLines: boolean): Promise<'done' | 'again' | 'whole lines'> {
    const { sink, onStatus } = this.#options;
    const canRollBack = sink.rollback !== undefined;
    const reader = openContent(item, { place: this.#place, seenMs: this.#seenMs, wholeLines });
    if (!('size' in reader)) {
      this.#breakLinks(item, null, reader.status);
      onStatus({ path: item.path, status: reader.status, detail: reader.detail });
      return 'done';
    }
    if (reader.replaced !== null) this.#breakLinks(item, reader.replaced, 'deleted');
    let written: Written | null = null;
    let failure: string | null = null;
    const read = (into: Buffer, offset: number, length: number): void => {
      try {
        if (failure === null) reader.read(into, offset, length);
      } catch (error) {
        failure = systemReason(error).detail;
      }
      if (failure !== null) into.fill(0, offset, offset + length);
    };
    const entry = entryOf(item, reader.size, reader.attributes, undefined);
    const isAlone = entry.size > ALONE_ABOVE;
    const hash = createHash('sha256');
    let outcome: ContentOutcome;
    let sha256 = '';
    try {
      for (const { tar, content } of largePieces(entry, this.#buffers, read, hash.update.bind(hash))) {
        if (failure !== null && canRollBack) break;
        const raw = tar.length;
        const packed = this.#run({ kind: 'piece', tar, content }, [tar.buffer as ArrayBuffer]);
        await this.#window.add(packed, async ({ member, sha256, pieceSha256 }) => {
          this.#progress(raw);
          if (written === null && isAlone) await this.#store(this.index.close());
          written ??= { position: sink.position, members: this.index.members };
          await sink.write(member);
          this.index.addMember({ stored: member.length, raw, sha256, pieceSha256 });
          this.#buffers.give(member);
        });
      }
      sha256 = hash.digest('hex');
      if (failure === null)
        outcome = reader.finish(reader.needsSecondReading() && (await this.#readsTheSame(reader, sha256)));
      else {
        outcome = { status: 'unreadable', detail: failure };
        reader.close();
      }
    } catch (error) {
      reader.close();
      throw error;
    }
    if (outcome.status === 'inconsistent' && canRollBack && attempt < LARGE_ATTEMPTS) {
      await this.#rollback(() => written);
      return 'again';
    }
    if (outcome.unfinished && canRollBack && attempt < LARGE_ATTEMPTS) {
      await this.#rollback(() => written);
      return 'whole lines';
    }
    if (outcome.status === 'unreadable') {
      if (canRollBack) {
        await this.#rollback(() => written);
        this.#brokenLinks.add(item.path);
        onStatus({ path: item.path, status: outcome.status, detail: outcome.detail });
        return 'done';
      }
      // What went into a pipe stays there.
      outcome = { status: 'inconsistent', detail: `${outcome.detail}; zeros stand for what could not be read` };
    }
    if (outcome.status === 'inconsistent' && !canRollBack) outcome.detail += READ_ONCE;
    const { status, detail } =
      timeStatus(item, reader.attributes) ??
      (outcome.status === 'ok' && attempt > 1
        ? { status: 'retried' as const, detail: 'it changed while it was read; a later attempt found it still' }
        : outcome);
    if (reader.attributes !== null) this.#moved.set(item.path, reader.attributes);
    entry.sha256 = sha256;
    await this.#window.add(Promise.resolve(), async () => {
      if (status !== 'ok') onStatus({ path: item.path, status, detail });
      this.index.addEntry(entry);
      this.#pieces = 0;
      await this.#store(isAlone ? this.index.close() : this.index.endUnit());
    });
    return 'done';
  }

  /** Whether the content of a file is still what was read of it, a tick of the clock later. */
  async #readsTheSame(reader: ContentReader, sha256: string): Promise<boolean> {
    const hash = createHash('sha256');
    const step = Buffer.allocUnsafeSlow(CHUNK);
    reader.rewind();
    await setTimeout(CLOCK_TICK_MS);
    for (;;) {
      // The caller may have had enough.
      this.#progress(0);
      let read: number;
      try {
        read = reader.read(step, 0, CHUNK);
      } catch {
        // What the system refuses by now was read once, and nothing vouches for that.
        return false;
      }
      if (read === 0) break;
      hash.update(step.subarray(0, read));
      await setImmediate();
    }
    return hash.digest('hex') === sha256;
  }

  /** @param piece tar bytes of a large file that is not complete yet */
  #progress(piece: number): void {
    this.#pieces += piece;
    const { entries, bytes } = this.index.totals;
    this.#options.onProgress(entries, bytes + this.#pieces);
  }

  /** Takes back what an attempt wrote, once nothing of it is under way any more. */
  async #rollback(written: () => Written | null): Promise<void> {
    await this.#window.drain();
    const start = written();
    if (start !== null) {
      await this.#options.sink.rollback?.(start.position);
      this.index.dropMembers(start.members);
    }
    this.#pieces = 0;
  }

  /** Has a block encoded, and put into the spool when those before it are there. Meanwhile members go on: nothing of theirs waits for it. */
  async #store(closed: ClosedBlock | null): Promise<void> {
    if (closed === null) return;
    await this.#encoded.add(this.#run({ kind: 'block', block: closed.block }), ({ bytes, validation }) => {
      this.#options.check.add(validation);
      this.#options.writer.add(closed, bytes);
    });
  }

  #run<Kind extends PackJob['kind']>(
    job: Extract<PackJob, { kind: Kind }>,
    transfer: ArrayBuffer[] = [],
  ): Promise<PackResult[Kind]> {
    return this.#options.pool.run(job, transfer) as Promise<PackResult[Kind]>;
  }
}

const NO_FILE = { dev: 0n, ino: 0n, size: 0, mtimeNs: 0n, ctimeNs: 0n };

function releaseCopy(item: CaptureItem): void {
  if (item.type === 'file' && item.source.kind === 'copy') item.source.release();
}

/** What capture itself had to say of a file that it read or copied. */
function capturedStatus(item: CaptureItem): RecordedStatus | null {
  if (item.type !== 'file' || item.source.kind !== 'copy' || item.source.status === 'ok') return null;
  const { status, detail } = item.source;
  return { path: item.path, status, detail };
}

function statusOf(item: PackItem, deviation: PackDeviation | undefined): RecordedStatus | null {
  if (deviation === undefined || deviation.status === 'ok') return null;
  return { path: item.path, status: deviation.status, detail: deviation.detail };
}
