import { BackupError } from '../../errors.ts';
import type { RangeReader } from '../range-reader.ts';
import type { SnapshotSink } from '../storage.ts';
import { commitUpload, existsError } from './commit-upload.ts';
import { MultipartUpload } from './multipart-upload.ts';
import { PartSender } from './part-sender.ts';
import type { S3Client } from './s3-client.ts';
import { type S3RangeReader, s3ReaderIn } from './s3-range-reader.ts';

const MIB = 1024 * 1024;

/** The most parts that stores take. */
const MOST_PARTS = 10_000;
/** With some room: the length of a snapshot is not known before its end. */
const PLANNED_PARTS = 9_000;
/** AWS, and most others, take no smaller part but the last. */
const LEAST_PART = 8 * MIB;
/** How much of the end is read back after the commit: the seal and some of what comes before it. */
const TAIL = 4096;

/** How long each part is for a snapshot of about that length: all the same, for some stores refuse others. */
export function partLength(expectedBytes: number): number {
  return Math.max(LEAST_PART, Math.ceil(expectedBytes / PLANNED_PARTS / MIB) * MIB);
}

export interface MultipartSinkOptions {
  client: S3Client;
  key: string;
  /** As messages name it. */
  name: string;
  /** Its URL, as every operation takes it. */
  output: string;
  partLength: number;
  signal?: AbortSignal | undefined;
}

/**
 * A snapshot that becomes one object by a multipart upload. Parts may come in any order, so the first waits in memory until
 * the manifest is known. What was sent cannot be rolled back.
 */
export class MultipartSink implements SnapshotSink {
  readonly #options: MultipartSinkOptions;
  readonly #upload: MultipartUpload;
  readonly #parts: PartSender;
  readonly #stop: AbortController;
  #first: Uint8Array | null = null;
  #part: Uint8Array;
  #filled = 0;
  #number = 1;
  #position = 0;
  /** The last bytes written, to compare with what the store gives back. */
  #tail: Uint8Array = new Uint8Array(0);
  #canCopy = true;
  #isOver = false;

  private constructor(options: MultipartSinkOptions, upload: MultipartUpload, stop: AbortController) {
    this.#options = options;
    this.#upload = upload;
    this.#stop = stop;
    this.#parts = new PartSender(upload, options.partLength, options.signal);
    this.#part = this.#parts.take();
  }

  /** @throws BackupError `OUTPUT_EXISTS`, `PERMISSION`, `STORAGE_UNAVAILABLE`, `STORAGE_MISSING` */
  static async begin(given: MultipartSinkOptions): Promise<MultipartSink> {
    // What is under way ends with the sink, and not only when the caller says so.
    const stop = new AbortController();
    const signal = given.signal === undefined ? stop.signal : AbortSignal.any([given.signal, stop.signal]);
    const options = { ...given, signal };
    await refuseExisting(options);
    return new MultipartSink(options, await MultipartUpload.begin(given.client, given.key, given.name, signal), stop);
  }

  get output(): string {
    return this.#options.output;
  }

  get position(): number {
    return this.#position;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, this.#part.length - this.#filled);
      this.#part.set(bytes.subarray(done, done + length), this.#filled);
      done += length;
      this.#filled += length;
      if (this.#filled === this.#part.length) await this.#closePart();
    }
    this.#position += bytes.length;
    this.#keepTail(bytes);
  }

  rewriteStart(bytes: Uint8Array): void {
    const first = this.#first ?? this.#part.subarray(0, this.#filled);
    if (bytes.length > first.length) throw new RangeError('the start that is rewritten is longer than a part');
    first.set(bytes);
    // Only what follows the rewritten start is compared after the commit.
    const tailStart = this.#position - this.#tail.length;
    this.#tail = this.#tail.subarray(Math.max(0, bytes.length - tailStart));
  }

  copyStep(source: RangeReader): number {
    const { client, partLength } = this.#options;
    const stored = s3ReaderIn(source);
    if (!this.#canCopy || stored === null || !stored.client.isOfSameStore(client)) return 0;
    // Ceph decodes the name of the source twice, does not know the condition either, and so would copy from another object.
    return stored.key.includes('%') ? 0 : partLength;
  }

  /**
   * Copies whole parts inside the store, side by side. The conditions of the copy are ignored by some stores, so the source is looked at
   * again after it. Parts that are not taken are sent over later, under the same numbers.
   */
  async copyFrom(source: RangeReader, offset: number, length: number): Promise<boolean> {
    const stored = s3ReaderIn(source);
    const step = this.copyStep(source);
    // The first part holds the manifest, which differs.
    if (stored === null || step === 0 || this.#filled > 0 || this.#number === 1 || length % step !== 0) return false;
    const first = this.#number;
    const copies: Promise<boolean>[] = [];
    for (let at = 0; at < length; at += step)
      copies.push(this.#upload.copy(this.#nextNumber(), stored.rangeToCopy(offset + at, step), this.#options.signal));
    // All of them end before their numbers are used again.
    const ended = await Promise.allSettled(copies);
    if (!ended.every(isTaken) || !(await this.#isStillThere(stored))) {
      this.#canCopy = false;
      this.#number = first;
      this.#upload.forgetFrom(first);
      return false;
    }
    this.#position += length;
    // The copied bytes are not in memory: only what follows them is compared.
    this.#tail = new Uint8Array(0);
    return true;
  }

  async commit(): Promise<void> {
    if (this.#first !== null) await this.#parts.send(1, this.#first);
    // What a snapshot is made of is never empty.
    if (this.#filled > 0) await this.#parts.send(this.#nextNumber(), this.#part.subarray(0, this.#filled));
    await this.#parts.drain();
    // Some stores do not know the condition of the commit.
    await refuseExisting(this.#options);
    await commitUpload(this.#upload, { ...this.#options, length: this.#position, tail: this.#tail });
    this.#isOver = true;
  }

  async discard(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop.abort();
    await this.#parts.settle();
    // What cannot be given up now is cleared by a later run.
    await this.#upload.abort().catch(() => {});
  }

  async #closePart(): Promise<void> {
    const bytes = this.#part;
    const number = this.#nextNumber();
    if (number === 1) this.#first = bytes;
    else await this.#parts.send(number, bytes);
    this.#filled = 0;
    this.#part = this.#parts.take();
  }

  #nextNumber(): number {
    if (this.#number > MOST_PARTS) {
      const { name, partLength } = this.#options;
      const most = `${MOST_PARTS} parts of ${partLength / MIB} MiB`;
      throw new BackupError(
        'OUTPUT_UNWRITABLE',
        `${name} grew to more than ${most}, which is the most that stores take`,
        {
          path: name,
          hint: 'The state directory grew while it was read. Run it again.',
        },
      );
    }
    return this.#number++;
  }

  async #isStillThere(source: S3RangeReader): Promise<boolean> {
    return isTaken((await Promise.allSettled([source.isStillThere(this.#options.signal)]))[0]);
  }

  #keepTail(bytes: Uint8Array): void {
    const end = bytes.subarray(Math.max(0, bytes.length - TAIL));
    const before = this.#tail.subarray(Math.max(0, this.#tail.length + end.length - TAIL));
    const tail = new Uint8Array(before.length + end.length);
    tail.set(before);
    tail.set(end, before.length);
    this.#tail = tail;
  }
}

/**
 * Whether something was done. What the store does not do, however often it is asked, is done without it.
 *
 * @throws what is no failure of the store
 */
function isTaken(outcome: PromiseSettledResult<boolean>): boolean {
  if (outcome.status === 'fulfilled') return outcome.value;
  const { reason } = outcome;
  if (reason instanceof BackupError && reason.code === 'STORAGE_UNAVAILABLE') return false;
  throw reason;
}

/** Refuses a key at which there is an object; passes where the credentials may not look. */
async function refuseExisting({ client, key, name, signal }: MultipartSinkOptions): Promise<void> {
  const asked = `to look at ${name}`;
  const { status } = await client.request({ method: 'HEAD', key, asked, allow: [403, 404], signal });
  if (status === 200) throw existsError(name);
}
