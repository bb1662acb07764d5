import type { CaptureItem } from '../capture/capture-item.ts';
import { PathGuard } from '../capture/path-guard.ts';
import type { SeenTree } from '../capture/seen-tree.ts';
import { type BlockEntry, DIGEST_DIGITS } from '../format/index-block.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { CHUNK } from '../format/member-plan.ts';
import { OrderedWindow } from '../workers/window.ts';
import { copySource } from './content-reader.ts';
import { HardLinkRepair } from './hard-link-repair.ts';
import type { IndexBuilder } from './index-builder.ts';
import { entryOf, timeStatus } from './item-entry.ts';
import { LargeFilePacker, type LargeFilePackerOptions } from './large-file-packer.ts';
import { refuseBeyondLimits } from './limits.ts';
import { type MemberBatch, MemberBatcher } from './member-batcher.ts';
import { encodeBatch, type PackDeviation, type PackedBatch, type PackItem } from './pack-batch.ts';
import { CopyRun } from './reuse/copy-run.ts';
import { type CopyCandidate, InStoreCopies } from './reuse/in-store-copies.ts';
import type { ParentReuse, ReusableBatch } from './reuse/parent-reuse.ts';
import { SnapshotBody, type SnapshotBodyOptions } from './snapshot-body.ts';

export interface SnapshotWriterOptions
  extends Omit<SnapshotBodyOptions, 'copies' | 'earlierBlock'>,
    Pick<LargeFilePackerOptions, 'reuse' | 'recorder' | 'scratch' | 'onStatus'> {
  /** Absolute path of the state directory, ending with `/`. */
  root: string;
  /** Gets what became of the files that were seen. */
  seen: SeenTree;
  /** Called after each piece of work, with what is written so far; may throw to end the snapshot. */
  onProgress: (entries: number, bytes: number) => void;
}

/**
 * Turns items, in order, into the members of a snapshot and the blocks of its index. Small files are read, hashed and compressed in
 * workers, a member each; large ones are packed piece by piece. Results are written in order.
 */
export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  readonly #body: SnapshotBody;
  readonly #window: OrderedWindow;
  readonly #batcher = new MemberBatcher();
  readonly #links: HardLinkRepair;
  readonly #large: LargeFilePacker;
  #run = new CopyRun();

  constructor(options: SnapshotWriterOptions) {
    const { pool, sink, root, seen, reuse, recorder, scratch, onStatus } = options;
    const underWay = pool.size * 2 + 1;
    const copies = reuse === null ? null : InStoreCopies.between(reuse.source, sink, underWay);
    this.#options = options;
    const earlierBlock = (first: string) => reuse?.encodedBlock(first) ?? null;
    this.#body = new SnapshotBody({ ...options, copies, earlierBlock });
    this.#window = new OrderedWindow(underWay);
    this.#links = new HardLinkRepair(seen);
    this.#large = new LargeFilePacker({
      ...{ pool, body: this.#body, window: this.#window, links: this.#links, place: new PathGuard(root) },
      ...{ reuse, recorder, scratch, onStatus, onProgress: (bytes) => this.#progress(bytes) },
    });
  }

  /** What is written so far. */
  get index(): IndexBuilder {
    return this.#body.index;
  }

  /**
   * Takes the next item.
   *
   * @param seenMs when the scan had looked at it, by `monotonicMs`
   * @returns what to wait for before the next one; nothing for most items, which only join a batch
   */
  add(found: CaptureItem, seenMs: number): Promise<void> | undefined {
    // A copy may be dated later than what was seen: its other names come with what it has.
    if (found.type === 'file' && found.source.kind === 'copy') this.#links.setAttributes(found.path, found);
    const item = this.#links.agreeing(found);
    refuseBeyondLimits(item);
    const captured = capturedStatus(item);
    if (captured !== null) this.#options.onStatus(captured);
    if (item.type === 'file' && item.size > CHUNK) return this.#addLarge(item, seenMs);
    const ended = this.#batcher.add(item, seenMs);
    return ended === null ? undefined : this.#addBatch(ended);
  }

  async #addLarge(item: Extract<CaptureItem, { type: 'file' }>, seenMs: number): Promise<void> {
    await this.#endBatch();
    await this.#endRun();
    try {
      await this.#large.pack(item, seenMs);
    } finally {
      await this.#body.inOrder(async () => releaseCopy(item));
    }
  }

  /** Writes what is still under way and closes the last block. */
  async finish(): Promise<void> {
    await this.#endBatch();
    await this.#endRun();
    await this.#window.drain();
    await this.#body.finish();
  }

  async #endBatch(): Promise<void> {
    const ended = this.#batcher.end();
    if (ended !== null) await this.#addBatch(ended);
  }

  async #addBatch(batch: MemberBatch): Promise<void> {
    const { items, seenMs } = batch;
    const reusable = (await this.#options.reuse?.batch(items)) ?? null;
    if (this.#body.isBesideParent) {
      await this.#addInStore(batch, this.#body.canCopy ? reusable : null);
      return;
    }
    if (reusable?.isUnread) {
      if (this.#run.add(batch, reusable)) return;
      await this.#endRun();
      this.#run.add(batch, reusable);
      return;
    }
    await this.#endRun();
    const readable = items.map(asLive);
    await this.#window.add(this.#packUnlessKnown(readable, seenMs, reusable), async (packed) => {
      await this.#writeBatch(readable, packed, seenMs);
      if (packed.isKnown) this.#options.reuse?.giveBack([packed.member]);
      // Not before: the batch may have been packed a second time.
      for (const item of items) releaseCopy(item);
    });
  }

  #pack(items: readonly PackItem[], seenMs: number, known: string | null = null): Promise<PackedBatch> {
    const { pool, root } = this.#options;
    return pool.run({ kind: 'batch', batch: encodeBatch(items, root, seenMs), known });
  }

  /** Has a batch read and hashed; its member is copied if its files are those of the parent's, else packed. */
  async #packUnlessKnown(
    items: readonly PackItem[],
    seenMs: number,
    reusable: ReusableBatch | null,
  ): Promise<PackedBatch> {
    const { reuse } = this.#options;
    const packed = await this.#pack(items, seenMs, reusable?.digests);
    if (!packed.isKnown || reuse === null || reusable === null) return packed;
    const [member = null] = await reuse.read([reusable.member], () => items.map(({ path }) => path));
    if (member === null) return this.#pack(items, seenMs);
    reuse.count(reusable.member, 0);
    return { ...packed, member, sha256: reusable.member.sha256 };
  }

  /** Has the members of the current run copied. */
  async #endRun(): Promise<void> {
    const { batches } = this.#run;
    const { reuse } = this.#options;
    if (reuse === null || batches.length === 0) return;
    this.#run = new CopyRun();
    const members = batches.map(({ reusable }) => reusable.member);
    const read = reuse.read(members, (i) => batches[i]?.batch.items.map(({ path }) => path) ?? []);
    await this.#window.add(read, async (copies) => {
      for (const [i, { batch, reusable }] of batches.entries())
        await this.#writeCopy(batch, reusable, reuse, copies[i] ?? null);
      reuse.giveBack(copies);
    });
  }

  /** @param member null where that of the parent is damaged */
  async #writeCopy(
    { items, seenMs }: MemberBatch,
    reusable: ReusableBatch,
    reuse: ParentReuse,
    member: Uint8Array | null,
  ): Promise<void> {
    const readable = items.map(asLive);
    if (member === null || this.#links.repaired(readable) !== null) {
      await this.#writeBatch(readable, await this.#pack(readable, seenMs), seenMs);
      return;
    }
    const { digests } = reusable;
    const { raw, sha256 } = reusable.member;
    reuse.count(reusable.member, digests.length / DIGEST_DIGITS);
    const packed = { member, isKnown: true, raw, sha256, digests, deviations: [] };
    await this.#writeBatch(readable, packed, seenMs);
  }

  /** The same where the storage copies what is the parent's; what is not is packed, for the parent is not read here. */
  async #addInStore(batch: MemberBatch, reusable: ReusableBatch | null): Promise<void> {
    const { items, seenMs } = batch;
    if (reusable?.isUnread) {
      await this.#window.add(Promise.resolve(), () => this.#body.copy(this.#candidate(batch, reusable)));
      return;
    }
    const readable = items.map(asLive);
    await this.#window.add(this.#pack(readable, seenMs, reusable?.digests), async (packed) => {
      if (packed.isKnown && packed.deviations.length === 0 && reusable !== null) {
        await this.#body.copy(this.#candidate(batch, reusable));
        return;
      }
      await this.#writeBatch(readable, packed.isKnown ? await this.#pack(readable, seenMs) : packed, seenMs);
      for (const item of items) releaseCopy(item);
    });
  }

  #candidate({ items, seenMs }: MemberBatch, { member, digests, isUnread }: ReusableBatch): CopyCandidate {
    const readable = items.map(asLive);
    return {
      member,
      items: items.length,
      isWanted: () => this.#links.repaired(readable) === null,
      remake: async () => {
        const packed = await this.#pack(readable, seenMs);
        const put = async (): Promise<void> => {
          await this.#writeBatch(readable, packed, seenMs);
          for (const item of items) releaseCopy(item);
        };
        return { bytes: packed.member, sha256: packed.deviations.length === 0 ? packed.sha256 : '', put };
      },
      enter: async (isRemade) => {
        const unreadFiles = isUnread ? digests.length / DIGEST_DIGITS : 0;
        if (!isRemade) this.#options.reuse?.count(member, unreadFiles);
        this.#body.addCopied(member);
        await this.#enterEntries(this.#entriesOf(readable, digests, new Map()));
        for (const item of items) releaseCopy(item);
      },
    };
  }

  async #writeBatch(items: readonly PackItem[], packed: PackedBatch, seenMs: number): Promise<void> {
    await this.#body.endCopies();
    const deviations = new Map(packed.deviations.map((deviation) => [deviation.item, deviation]));
    for (const [i, { lost, replaced, status }] of deviations)
      if (lost || replaced !== null) this.#links.break(items[i] as PackItem, replaced, status);
    const repaired = this.#links.repaired(items);
    if (repaired !== null) {
      await this.#writeBatch(repaired, await this.#pack(repaired, seenMs), seenMs);
      return;
    }
    const entries = this.#entriesOf(items, packed.digests, deviations);
    const { member, raw, sha256 } = packed;
    if (member === null) return;
    await this.#body.append({ member, raw, sha256, pieceSha256: '' });
    await this.#enterEntries(entries);
  }

  /** Notes the entries of the member that was written last. */
  async #enterEntries(entries: readonly BlockEntry[]): Promise<void> {
    for (const entry of entries) this.#body.addEntry(entry);
    this.#progress(0);
    await this.#body.endUnit();
  }

  /** The entries that items of a batch have become; says what became of each that did not go as planned. */
  #entriesOf(
    items: readonly PackItem[],
    digests: string,
    deviations: ReadonlyMap<number, PackDeviation>,
  ): BlockEntry[] {
    const { seen, recorder, onStatus } = this.#options;
    const entries: BlockEntry[] = [];
    let file = 0;
    for (const [i, item] of items.entries()) {
      const deviation = deviations.get(i);
      if (item.type === 'file' && deviation?.attributes) this.#links.setAttributes(item.path, deviation.attributes);
      const lost = deviation?.lost ?? false;
      const status = (lost ? null : timeStatus(item, deviation?.attributes)) ?? statusOf(item, deviation);
      if (status !== null) onStatus(status);
      if (lost) continue;
      if (item.type === 'file' && item.source.kind === 'live' && !deviation?.replaced)
        seen.captured(item.source.expect);
      recorder?.add(item, status === null && deviation === undefined);
      const sha256 = item.type === 'file' ? digests.slice(file * DIGEST_DIGITS, ++file * DIGEST_DIGITS) : undefined;
      entries.push(
        entryOf(item, deviation?.size ?? (item.type === 'file' ? item.size : 0), deviation?.attributes ?? null, sha256),
      );
    }
    return entries;
  }

  /** @param partial tar bytes of a large file that is not complete yet */
  #progress(partial: number): void {
    const { entries, bytes } = this.index.totals;
    this.#options.onProgress(entries, bytes + partial);
  }
}

const NO_FILE = { dev: 0n, ino: 0n, size: 0, mtimeNs: 0n, ctimeNs: 0n };

/** Private copies are read like live files, for they are files. */
function asLive(item: CaptureItem): PackItem {
  if (item.type !== 'file' || item.source.kind !== 'copy') return item as PackItem;
  const { absolute } = item.source;
  const source = copySource(absolute);
  if ('kind' in source) return { ...item, source };
  // Gone: the worker will find so, and say it.
  return { ...item, source: { kind: 'live', absolute, expect: NO_FILE, idleDatabase: false, mapped: false } };
}

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
