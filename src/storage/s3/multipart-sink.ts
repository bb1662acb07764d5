import { setTimeout as wait } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import type { RangeReader, SnapshotSink } from '../storage.ts';
import { type CompleteOutcome, MultipartUpload } from './multipart-upload.ts';
import type { S3Client } from './s3-client.ts';
import { S3RangeReader } from './s3-range-reader.ts';

const MIB = 1024 * 1024;

/** The most parts that stores take, with some room: the length of a snapshot is not known before its end. */
const MOST_PARTS = 9_000;
/** AWS, and most others, take no smaller part but the last. */
const LEAST_PART = 8 * MIB;
/** Parts under way at once. With a part being filled and the first one waiting, memory is six of them. */
const PARTS_UNDER_WAY = 4;
/** How much of the end is read back after the commit: the seal and some of what stands before it. */
const TAIL = 4096;
const COMMIT_ATTEMPTS = 5;
const COMMIT_PAUSE_MS = 500;

/** How long each part is for a snapshot of about that length: all the same, for some stores refuse others. */
export function partLength(expectedBytes: number): number {
  return Math.max(LEAST_PART, Math.ceil(expectedBytes / MOST_PARTS / MIB) * MIB);
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
  readonly #underWay = new Set<Promise<void>>();
  #first: Uint8Array | null = null;
  #part: Uint8Array;
  #filled = 0;
  #number = 1;
  #position = 0;
  /** The last bytes written, to compare with what the store gives back. */
  #tail: Uint8Array = new Uint8Array(0);
  #failure: unknown = null;
  #isOver = false;

  private constructor(options: MultipartSinkOptions, upload: MultipartUpload) {
    this.#options = options;
    this.#upload = upload;
    this.#part = new Uint8Array(options.partLength);
  }

  static async begin(options: MultipartSinkOptions): Promise<MultipartSink> {
    const { client, key, name, signal } = options;
    if (await exists(client, key, name, signal)) throw existsError(name);
    return new MultipartSink(options, await MultipartUpload.begin(client, key, name, signal));
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
      if (!(await this.#upload.copy(this.#number, range, signal))) return at * step;
      this.#number++;
      this.#position += step;
      // What was copied is not at hand; what is compared begins behind it.
      this.#tail = new Uint8Array(0);
    }
    return parts * step;
  }

  async commit(): Promise<void> {
    const { signal } = this.#options;
    const last = this.#filled > 0 ? this.#part.subarray(0, this.#filled) : null;
    const rest: [number, Uint8Array][] = [];
    if (this.#first !== null) rest.push([1, this.#first]);
    if (last !== null) rest.push([this.#number, last]);
    for (const [number, bytes] of rest) await this.#send(number, bytes);
    await this.#waitForParts();
    await this.#complete(signal);
    this.#isOver = true;
  }

  async discard(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await Promise.allSettled(this.#underWay);
    // What cannot be given up now is cleared by a later run.
    await this.#upload.abort().catch(() => {});
  }

  async #closePart(): Promise<void> {
    const bytes = this.#part;
    const number = this.#number++;
    this.#filled = 0;
    this.#part = new Uint8Array(this.#options.partLength);
    if (number === 1) this.#first = bytes;
    else await this.#send(number, bytes);
  }

  /** Sends a part, once fewer than the most are under way. */
  async #send(number: number, bytes: Uint8Array): Promise<void> {
    while (this.#underWay.size >= PARTS_UNDER_WAY) await Promise.race(this.#underWay);
    this.#throwFailure();
    const sent = this.#upload
      .put(number, bytes, this.#options.signal)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  async #waitForParts(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Commits, and finds out whether it was done where the answer does not tell. */
  async #complete(signal: AbortSignal | undefined): Promise<void> {
    const { name } = this.#options;
    let unknown: unknown;
    for (let attempt = 1; attempt <= COMMIT_ATTEMPTS; attempt++) {
      const outcome = await this.#upload.complete(signal);
      const standing = await this.#look(outcome, signal);
      if (standing === 'ours') return;
      if (standing === 'unreadable' && outcome.kind === 'done') return;
      if (outcome.kind === 'exists' || standing === 'another') throw existsError(name);
      if (outcome.kind === 'done') break;
      unknown = outcome.error;
      await wait(COMMIT_PAUSE_MS * attempt, undefined, { signal }).catch(() => {});
      throwIfAborted(signal);
    }
    throw (
      unknown ??
      new BackupError('STORAGE_UNAVAILABLE', `the object storage lost ${name} after its commit`, {
        path: name,
        hint: 'No snapshot was made. Run it again, and look at the store.',
      })
    );
  }

  /** What stands at the key now: read back by its length and its end, where the seal is. */
  async #look(
    outcome: CompleteOutcome,
    signal: AbortSignal | undefined,
  ): Promise<'ours' | 'another' | 'nothing' | 'unreadable'> {
    const { client, key, name } = this.#options;
    try {
      const reader = await S3RangeReader.open(client, { name, key }, signal);
      if (reader.size !== this.#position) return 'another';
      const tail = await reader.read(reader.size - this.#tail.length, this.#tail.length, signal);
      return Buffer.from(tail).equals(this.#tail) ? 'ours' : 'another';
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      if (error.code === 'SNAPSHOT_MISSING') return 'nothing';
      if (error.code === 'PERMISSION') return 'unreadable';
      if (error.code !== 'STORAGE_UNAVAILABLE') throw error;
      const [what, hint] =
        outcome.kind === 'done'
          ? ['was stored, but could not be read back', 'Run "oxios-backup verify" on it before you trust it.']
          : ['may have been stored: nobody answered', 'Look with "oxios-backup snapshots" whether it is there.'];
      throw new BackupError('STORAGE_UNAVAILABLE', `${name} ${what}: ${error.message}`, {
        path: name,
        hint,
        cause: error,
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

/** Whether an object stands at a key; false where the credentials may not look. */
async function exists(client: S3Client, key: string, name: string, signal: AbortSignal | undefined): Promise<boolean> {
  const asked = `to look at ${name}`;
  const { status } = await client.request({ method: 'HEAD', key, asked, allow: [403, 404], signal });
  return status === 200;
}

function existsError(name: string): BackupError {
  return new BackupError('OUTPUT_EXISTS', `${name} exists already`, {
    path: name,
    hint: 'Nothing was overwritten. Choose another name.',
  });
}
