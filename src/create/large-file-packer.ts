import { createHash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { CaptureItem } from '../capture/capture-item.ts';
import { CLOCK_TICK_MS } from '../capture/file-state.ts';
import type { PathGuard } from '../capture/path-guard.ts';
import { systemReason } from '../capture/system-reason.ts';
import type { BlockEntry } from '../format/index-block.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { ALONE_ABOVE, CHUNK } from '../format/member-plan.ts';
import { RecycledBuffers } from '../workers/recycled-buffers.ts';
import type { OrderedWindow } from '../workers/window.ts';
import { type ContentOutcome, type ContentReader, openContent } from './content-reader.ts';
import type { HardLinkRepair } from './hard-link-repair.ts';
import { entryOf, timeStatus } from './item-entry.ts';
import { DirectMembers, type LargeFileOutput } from './large-file-output.ts';
import { largePieces } from './large-pieces.ts';
import type { PackPool } from './pack-pool.ts';
import { PiecePacker } from './piece-packer.ts';
import { runsOf } from './reuse/copy-run.ts';
import { type ParentReuse, type ReusableFile, reusablePieces } from './reuse/parent-reuse.ts';
import { type StoredMember, storedMembers } from './reuse/parent-units.ts';
import type { StatRecorder } from './reuse/stat-recorder.ts';
import type { SnapshotBody } from './snapshot-body.ts';
import { hasRoomToStage, StagedMembers } from './staged-members.ts';

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** Attempts at a large file that changes while it is read; each further one rolls back what the one before wrote. */
const ATTEMPTS = 3;
const PAUSE_MS = 100;

/** Added to the detail of a file that changed, where its members could be neither rolled back nor staged. */
const READ_ONCE = '; it was read only once, for there was no room for its bytes in the folder for temporary files';

export interface LargeFilePackerOptions {
  pool: PackPool;
  body: SnapshotBody;
  /** What is under way, in order: members before those of the file, then these. */
  window: OrderedWindow;
  links: HardLinkRepair;
  place: PathGuard;
  /** Offers what of an earlier snapshot can be copied; null if there is none. */
  reuse: ParentReuse | null;
  /** Remembers the files for the next snapshot; null if that is not wanted. */
  recorder: StatRecorder | null;
  /** Gives a folder of our own for what memory does not hold. */
  scratch: () => string;
  /** Called when a file was not captured at the first attempt. */
  onStatus: (status: RecordedStatus) => void;
  /** Called after each piece of work with the tar bytes of the file so far; may throw to end the snapshot. */
  onProgress: (bytes: number) => void;
}

/** How an attempt at a file ended: `again` and `whole lines` ask for another, and left nothing of it in the snapshot. */
type AttemptResult = 'done' | 'again' | 'whole lines';

/**
 * Packs files of many members. This thread reads and hashes their pieces; workers compress them. Such a file may change while it is read,
 * and is then read again: so its members are rolled back, or are kept out of the snapshot until it is known to be unchanged.
 */
export class LargeFilePacker {
  readonly #options: LargeFilePackerOptions;
  readonly #buffers = new RecycledBuffers();
  readonly #pieces: PiecePacker;
  /** Tar bytes of the current file that are compressed. */
  #packed = 0;
  /** Members of the parent that were copied for pieces of the current file. */
  #copied: StoredMember[] = [];

  constructor(options: LargeFilePackerOptions) {
    this.#options = options;
    this.#pieces = new PiecePacker(options, this.#buffers);
  }

  /**
   * Packs a file; its last members may still be under way when this resolves.
   *
   * @param seenMs when the scan had looked at it, by `monotonicMs`
   */
  async pack(item: FileItem, seenMs: number): Promise<void> {
    const { body, reuse } = this.#options;
    const isOver = body.isBesideParent && !body.canCopy;
    const known = isOver ? null : ((await reuse?.file(item)) ?? null);
    if (known?.isUnread && (await this.#copy(item, known))) return;
    let result: AttemptResult = 'again';
    for (let attempt = 1; result !== 'done'; attempt++) {
      if (attempt > 1 && result === 'again') await setTimeout(PAUSE_MS * (attempt - 1));
      result = await this.#attempt(item, known, seenMs, attempt, result === 'whole lines');
    }
  }

  /**
   * Copies a file that need not be read.
   *
   * @returns false, with nothing of it in the snapshot, where the parent is damaged, or that could not be rolled back
   */
  async #copy(item: FileItem, { unit, sha256 }: Pick<ReusableFile, 'unit' | 'sha256'>): Promise<boolean> {
    const { body, window, onProgress } = this.#options;
    const reuse = this.#options.reuse as ParentReuse;
    const isAlone = item.size > ALONE_ABOVE;
    const output = new DirectMembers(body, isAlone);
    if (body.isBesideParent) return this.#copyInStore(output, isAlone, item, { unit, sha256 });
    if (!output.canRollBack) return false;
    for (const run of runsOf(storedMembers(unit))) {
      const copies = await reuse.read(run, () => [item.path]);
      if (copies.includes(null)) {
        await window.drain();
        await output.rollback();
        this.#packed = 0;
        return false;
      }
      await window.add(Promise.resolve(copies), async () => {
        for (const [i, member] of copies.entries()) {
          const { raw, sha256, pieceSha256 } = run[i] as StoredMember;
          this.#packed += raw;
          await output.add({ member: member as Uint8Array, raw, sha256, pieceSha256 });
        }
        reuse.giveBack(copies);
        onProgress(this.#packed);
      });
    }
    await window.add(Promise.resolve(), () => {
      for (const [i, member] of [...storedMembers(unit)].entries()) reuse.count(member, i === 0 ? 1 : 0);
      return this.#endFile(item, entryOf(item, item.size, null, sha256), isAlone, null, true);
    });
    return true;
  }

  /** The same where the storage copies the members of the parent. */
  async #copyInStore(
    output: LargeFileOutput,
    isAlone: boolean,
    item: FileItem,
    { unit, sha256 }: Pick<ReusableFile, 'unit' | 'sha256'>,
  ): Promise<boolean> {
    const { window, onProgress } = this.#options;
    const entry = entryOf(item, item.size, null, sha256);
    let number = 0;
    for (const member of storedMembers(unit)) {
      const candidate = this.#pieces.candidate({ item, entry, number: number++, member, isUnread: true });
      await window.add(Promise.resolve(), async () => {
        this.#packed += member.raw;
        await output.add(candidate);
        onProgress(this.#packed);
      });
    }
    await window.add(Promise.resolve(), () => this.#endFile(item, entry, isAlone, null, true));
    return true;
  }

  /** @param isAsSeen whether it was captured in the state that the scan saw, and unchanged */
  async #endFile(
    item: FileItem,
    entry: BlockEntry,
    isAlone: boolean,
    status: RecordedStatus | null,
    isAsSeen: boolean,
  ): Promise<void> {
    const { body, reuse, recorder, onStatus } = this.#options;
    for (const member of this.#copied) reuse?.count(member, 0);
    this.#copied = [];
    this.#packed = 0;
    await body.inOrder(async () => {
      if (status !== null) onStatus(status);
      recorder?.add(item, isAsSeen);
      body.addEntry(entry);
      if (isAlone) await body.endBlock();
      else await body.endUnit();
    });
  }

  /**
   * @param known what the parent has under the same path
   * @param wholeLines that the file is known to be a growing log, to be read up to its last whole line
   */
  async #attempt(
    item: FileItem,
    known: ReusableFile | null,
    seenMs: number,
    attempt: number,
    wholeLines: boolean,
  ): Promise<AttemptResult> {
    const { links, place, onStatus } = this.#options;
    const reader = openContent(item, { place, seenMs, wholeLines });
    if (!('size' in reader)) {
      links.break(item, null, reader.status);
      onStatus({ path: item.path, ...reader });
      return 'done';
    }
    if (reader.replaced !== null) links.break(item, reader.replaced, 'deleted');
    const isAlone = reader.size > ALONE_ABOVE;
    const output = this.#outputFor(reader.size, isAlone);
    try {
      return await this.#attemptInto(output, isAlone, item, known, reader, attempt);
    } catch (error) {
      reader.close();
      throw error;
    } finally {
      output.release();
    }
  }

  #outputFor(size: number, isAlone: boolean): LargeFileOutput {
    const { body, scratch } = this.#options;
    const direct = new DirectMembers(body, isAlone);
    return direct.canRollBack || !hasRoomToStage(size, scratch) ? direct : new StagedMembers(direct, scratch);
  }

  async #attemptInto(
    output: LargeFileOutput,
    isAlone: boolean,
    item: FileItem,
    known: ReusableFile | null,
    reader: ContentReader,
    attempt: number,
  ): Promise<AttemptResult> {
    const { links, window, onStatus } = this.#options;
    const pieces = known === null ? [] : reusablePieces(known, item, reader.size, reader.attributes);
    const entry = entryOf(item, reader.size, reader.attributes, undefined);
    const { outcome, sha256 } = await this.#readAll(output, item, entry, reader, pieces);
    const again: AttemptResult | null =
      outcome.status === 'inconsistent' ? 'again' : outcome.unfinished ? 'whole lines' : null;
    const isLost = outcome.status === 'unreadable';
    if (isLost || (again !== null && attempt < ATTEMPTS)) {
      // What is under way may have found the scratch folder full.
      await window.drain();
      if (output.canRollBack) {
        await output.rollback();
        this.#packed = 0;
        this.#copied = [];
        if (!isLost) return again ?? 'again';
        links.break(item, null, 'unreadable');
        onStatus({ path: item.path, status: 'unreadable', detail: outcome.detail });
        return 'done';
      }
    }
    const status = timeStatus(item, reader.attributes) ?? finalStatus(item.path, outcome, attempt, output.canRollBack);
    if (reader.attributes !== null) links.setAttributes(item.path, reader.attributes);
    entry.sha256 = sha256;
    if (output.isStaged) {
      await window.drain();
      await output.commit();
    }
    const isAsSeen = status === null && reader.attributes === null;
    await window.add(Promise.resolve(), () => this.#endFile(item, entry, isAlone, status, isAsSeen));
    return 'done';
  }

  /**
   * Reads a file to its end, and has what was read packed.
   *
   * @param known members of the parent that may hold its pieces
   */
  async #readAll(
    output: LargeFileOutput,
    item: FileItem,
    entry: BlockEntry,
    reader: ContentReader,
    known: readonly StoredMember[],
  ): Promise<{ outcome: ContentOutcome; sha256: string }> {
    const { window, onProgress } = this.#options;
    let failure: string | null = null;
    const read = (into: Buffer, offset: number, length: number): void => {
      try {
        if (failure === null) reader.read(into, offset, length);
      } catch (error) {
        failure = systemReason(error).detail;
      }
      if (failure !== null) into.fill(0, offset, offset + length);
    };
    const hash = createHash('sha256');
    let number = 0;
    for (const { tar, content } of largePieces(entry, this.#buffers, read, hash.update.bind(hash))) {
      if (failure !== null) {
        await window.drain();
        if (output.canRollBack) break;
      }
      const raw = tar.length;
      const packed = this.#pieces.pack({ item, entry, number }, { tar, content }, known[number]);
      number++;
      await window.add(packed, async ({ member, copied, memory }) => {
        this.#packed += raw;
        onProgress(this.#packed);
        await output.add(member);
        if (copied !== null) this.#copied.push(copied);
        this.#buffers.give(memory);
      });
    }
    const sha256 = hash.digest('hex');
    if (failure === null) {
      const stable = reader.needsSecondReading() && (await this.#readsTheSame(reader, sha256));
      return { outcome: reader.finish(stable), sha256 };
    }
    reader.close();
    return { outcome: { status: 'unreadable', detail: failure }, sha256 };
  }

  /** Whether the content of a file is still what was read of it, a tick of the clock later. */
  async #readsTheSame(reader: ContentReader, sha256: string): Promise<boolean> {
    const hash = createHash('sha256');
    const step = Buffer.allocUnsafeSlow(CHUNK);
    reader.rewind();
    await setTimeout(CLOCK_TICK_MS);
    for (;;) {
      // The caller may end the operation here.
      this.#options.onProgress(this.#packed);
      let read: number;
      try {
        read = reader.read(step, 0, CHUNK);
      } catch {
        // It was read once, and nothing shows that this was one state of the file.
        return false;
      }
      if (read === 0) break;
      hash.update(step.subarray(0, read));
      await setImmediate();
    }
    return hash.digest('hex') === sha256;
  }
}

/** What is recorded of a file that is in the snapshot; null when there is nothing to say. */
function finalStatus(
  path: string,
  { status, detail }: ContentOutcome,
  attempt: number,
  couldRollBack: boolean,
): RecordedStatus | null {
  if (status === 'ok') {
    if (attempt === 1) return null;
    return { path, status: 'retried', detail: 'it changed while it was read; a later attempt found it unchanged' };
  }
  if (couldRollBack || status === 'truncated') return { path, status, detail };
  const zeros = status === 'unreadable' ? '; zeros are in place of what could not be read' : '';
  return { path, status: 'inconsistent', detail: detail + zeros + READ_ONCE };
}
