import { BackupError } from '../../errors.ts';
import type { RangeReader, SnapshotSink } from '../storage.ts';
import { commitUpload, existsError } from './commit-upload.ts';
import { MultipartUpload } from './multipart-upload.ts';
import { PartSender } from './part-sender.ts';
import type { S3Client } from './s3-client.ts';
import { lookAtObject, S3RangeReader } from './s3-range-reader.ts';

const MIB = 1024 * 1024;

/** The most parts that stores take. */
const MOST_PARTS = 10_000;
/** With some room: the length of a snapshot is not known before its end. */
const PLANNED_PARTS = 9_000;
/** AWS, and most others, take no smaller part but the last. */
const LEAST_PART = 8 * MIB;
/** How much of the end is read back after the commit: the seal and some of what stands before it. */
const TAIL = 4096;

/** How long each part is for a snapshot of about that length: all the same, for some stores refuse others. */
export function partLength(expectedBytes: number): number {
  return Math.max(LEAST_PART, Math.ceil(expectedBytes / PLANNED_PARTS / MIB) * MIB);
}

export interface MultipartSinkOptions {
  client: S3Client;
  /** Bucket of the object. */
  bucket: string;
  key: string;
  /** As messages name it. */
  name: string;
  partLength: number;
  signal?: AbortSignal | undefined;
}

/**
 * A snapshot that becomes one object by a multipart upload. Parts may come in any order, so the first waits in memory until
 * the manifest is known. What was sent cannot be taken back.
 */
export class MultipartSink implements SnapshotSink {
  readonly #options: MultipartSinkOptions;
  readonly #upload: MultipartUpload;
  readonly #parts: PartSender;
  readonly #stop: AbortController;
  readonly #sources = new Map<string, S3RangeReader>();
  #first: Uint8Array | null = null;
  #part: Uint8Array;
  #filled = 0;
  #number = 1;
  #position = 0;
  /** The last bytes written, to compare with what the store gives back. */
  #tail: Uint8Array = new Uint8Array(0);
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
    // What is compared after the commit begins behind it.
    const tailStart = this.#position - this.#tail.length;
    this.#tail = this.#tail.subarray(Math.max(0, bytes.length - tailStart));
  }

  /**
   * Copies whole parts inside the store. The grid of the parts is fixed, so of a run only the parts that lie in it are
   * copied, and only from where a part begins.
   */
  async copyFrom(source: RangeReader, offset: number, length: number): Promise<number> {
    // The first part holds the manifest, which is another one.
    if (!(source instanceof S3RangeReader) || this.#filled > 0 || this.#number === 1) return 0;
    const { bucket, partLength: step, signal } = this.#options;
    const parts = Math.floor(length / step);
    const path = `/${bucket}/${source.key}`.split('/').map(encodeURIComponent).join('/');
    for (let at = 0; at < parts; at++) {
      const range = { path, version: source.version, offset: offset + at * step, length: step };
      if (!(await this.#upload.copy(this.#nextNumber(), range, signal))) {
        this.#number--;
        return at * step;
      }
      this.#sources.set(source.key, source);
      this.#position += step;
      // What was copied is not at hand; what is compared begins behind it.
      this.#tail = new Uint8Array(0);
    }
    return parts * step;
  }

  async commit(): Promise<void> {
    if (this.#first !== null) await this.#parts.send(1, this.#first);
    // What a snapshot is made of is never empty.
    if (this.#filled > 0) await this.#parts.send(this.#nextNumber(), this.#part.subarray(0, this.#filled));
    await this.#parts.drain();
    await this.#refuseReplacedSources();
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

  /** Some stores copy without looking whether the source still is the version that was asked for. */
  async #refuseReplacedSources(): Promise<void> {
    const { client, signal } = this.#options;
    for (const source of this.#sources.values()) {
      const { version } = await lookAtObject(client, source, signal);
      if (version === source.version) continue;
      throw new BackupError('SNAPSHOT_REPLACED', `${source.name} was replaced while parts of it were copied`, {
        path: source.name,
        hint: 'No snapshot was made. Run it again.',
      });
    }
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

/** Refuses a key at which an object stands; passes where the credentials may not look. */
async function refuseExisting({ client, key, name, signal }: MultipartSinkOptions): Promise<void> {
  const asked = `to look at ${name}`;
  const { status } = await client.request({ method: 'HEAD', key, asked, allow: [403, 404], signal });
  if (status === 200) throw existsError(name);
}
