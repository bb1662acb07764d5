import { createHash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { CaptureItem } from '../capture/capture-item.ts';
import { CLOCK_TICK_MS } from '../capture/file-state.ts';
import type { PathGuard } from '../capture/path-guard.ts';
import { systemReason } from '../capture/system-reason.ts';
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
import type { SnapshotBody } from './snapshot-body.ts';
import { hasRoomToStage, StagedMembers } from './staged-members.ts';

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** Attempts at a large file that changes while it is read; each further one takes back what the one before gave. */
const ATTEMPTS = 3;
const PAUSE_MS = 100;

/** What is said of a file that changed, where its members could be neither taken back nor set aside. */
const READ_ONCE = '; it was read only once, for there was no room to set its bytes aside (see --scratch-dir)';

export interface LargeFilePackerOptions {
  pool: PackPool;
  body: SnapshotBody;
  /** What is under way, in order: members before those of the file, then these. */
  window: OrderedWindow;
  links: HardLinkRepair;
  place: PathGuard;
  /** Gives a folder of our own for what memory does not hold. */
  scratch: () => string;
  /** Called when a file was not captured clean at once. */
  onStatus: (status: RecordedStatus) => void;
  /** Called after each piece of work with the tar bytes of the file so far; may throw to end the snapshot. */
  onProgress: (bytes: number) => void;
}

/** How an attempt at a file ended: `again` and `whole lines` ask for another, and left nothing of it in the snapshot. */
type AttemptResult = 'done' | 'again' | 'whole lines';

/**
 * Packs files of many members. This thread reads and hashes their pieces, workers compress them. Such a file may change while it is read,
 * and is then read again: so its members are taken back, or are kept out of the snapshot until it is known to have stood still.
 */
export class LargeFilePacker {
  readonly #options: LargeFilePackerOptions;
  readonly #buffers = new RecycledBuffers();
  /** Tar bytes of the file at hand that are compressed. */
  #packed = 0;

  constructor(options: LargeFilePackerOptions) {
    this.#options = options;
  }

  /**
   * Packs a file; its last members may still be under way when this resolves.
   *
   * @param seenMs when the scan had looked at it, by `monotonicMs`
   */
  async pack(item: FileItem, seenMs: number): Promise<void> {
    let result: AttemptResult = 'again';
    for (let attempt = 1; result !== 'done'; attempt++) {
      if (attempt > 1 && result === 'again') await setTimeout(PAUSE_MS * (attempt - 1));
      result = await this.#attempt(item, seenMs, attempt, result === 'whole lines');
    }
  }

  /** @param wholeLines that the file is known to be a growing log, to be read up to its last whole line */
  async #attempt(item: FileItem, seenMs: number, attempt: number, wholeLines: boolean): Promise<AttemptResult> {
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
      return await this.#attemptInto(output, isAlone, item, reader, attempt);
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
    reader: ContentReader,
    attempt: number,
  ): Promise<AttemptResult> {
    const { body, links, window, onStatus } = this.#options;
    const entry = entryOf(item, reader.size, reader.attributes, undefined);
    const { outcome, sha256 } = await this.#readAll(output, entry, reader);
    const again: AttemptResult | null =
      outcome.status === 'inconsistent' ? 'again' : outcome.unfinished ? 'whole lines' : null;
    const isLost = outcome.status === 'unreadable';
    if (isLost || (again !== null && attempt < ATTEMPTS)) {
      // What is under way may have found the scratch folder full.
      await window.drain();
      if (output.canRollBack) {
        await output.rollback();
        this.#packed = 0;
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
    await window.add(Promise.resolve(), async () => {
      if (status !== null) onStatus(status);
      body.addEntry(entry);
      this.#packed = 0;
      if (isAlone) await body.endBlock();
      else await body.endUnit();
    });
    return 'done';
  }

  /** Reads a file to its end, and has what was read packed. */
  async #readAll(
    output: LargeFileOutput,
    entry: ReturnType<typeof entryOf>,
    reader: ContentReader,
  ): Promise<{ outcome: ContentOutcome; sha256: string }> {
    const { pool, window, onProgress } = this.#options;
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
    for (const { tar, content } of largePieces(entry, this.#buffers, read, hash.update.bind(hash))) {
      if (failure !== null) {
        await window.drain();
        if (output.canRollBack) break;
      }
      const raw = tar.length;
      const packed = pool.run({ kind: 'piece', tar, content }, [tar.buffer as ArrayBuffer]);
      await window.add(packed, async ({ member, sha256, pieceSha256 }) => {
        this.#packed += raw;
        onProgress(this.#packed);
        await output.add({ member, raw, sha256, pieceSha256 });
        this.#buffers.give(member);
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
      // The caller may have had enough.
      this.#options.onProgress(this.#packed);
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
    return { path, status: 'retried', detail: 'it changed while it was read; a later attempt found it still' };
  }
  if (couldRollBack || status === 'truncated') return { path, status, detail };
  const zeros = status === 'unreadable' ? '; zeros stand for what could not be read' : '';
  return { path, status: 'inconsistent', detail: detail + zeros + READ_ONCE };
}
