import { BackupError, type ErrorCode } from '../../errors.ts';
import type { RangeReader } from '../range-reader.ts';
import type { CopyRange } from './multipart-upload.ts';
import type { S3Client, S3Response } from './s3-client.ts';
import { refusalError, refusalOf } from './s3-errors.ts';

/** What the first request fetches besides length and version: enough for the manifest of most snapshots. */
const HEAD_BYTES = 64 * 1024;

/** One version of an object, and what is known of it. */
export interface S3Object {
  key: string;
  /** As messages name it. */
  name: string;
  /** In bytes. */
  size: number;
  /** The ETag, with its quotes. */
  version: string;
}

/** What an object is now. */
export interface S3Facts extends S3Object {
  modified: Date;
  /** Names the version in a bucket that keeps versions; null elsewhere. */
  versionId: string | null;
  /** Until when nobody may delete it, where the store says so; null elsewhere. */
  retainedUntil: Date | null;
}

/**
 * Looks an object up without reading it.
 *
 * @throws BackupError `SNAPSHOT_MISSING`
 */
export async function lookAtObject(
  client: S3Client,
  { key, name }: Pick<S3Object, 'key' | 'name'>,
  signal: AbortSignal | undefined,
): Promise<S3Facts> {
  const { status, headers } = await client.request({
    method: 'HEAD',
    key,
    asked: `to look at ${name}`,
    allow: [404],
    signal,
  });
  if (status === 404) throw missing(name);
  const until = Date.parse(headers.get('x-amz-object-lock-retain-until-date') ?? '');
  return {
    key,
    name,
    size: Number(headers.get('content-length')),
    version: headers.get('etag') ?? '',
    modified: new Date(headers.get('last-modified') ?? 0),
    versionId: headers.get('x-amz-version-id'),
    retainedUntil: Number.isNaN(until) ? null : new Date(until),
  };
}

const GONE: ReadonlySet<ErrorCode> = new Set(['SNAPSHOT_MISSING', 'PERMISSION']);

/** The object of this store that a reader reads, through whatever layers; null for anything else. */
export function s3ReaderIn(reader: RangeReader): S3RangeReader | null {
  if (reader instanceof S3RangeReader) return reader;
  return reader.beneath === undefined ? null : s3ReaderIn(reader.beneath);
}

/** One version of an object, read by ranges; each read is pinned to the version by its ETag. */
export class S3RangeReader implements RangeReader {
  readonly name: string;
  readonly key: string;
  readonly size: number;
  readonly version: string;
  readonly client: S3Client;
  /** Its first bytes, as far as they are at hand. */
  readonly #head: Uint8Array;

  constructor(client: S3Client, object: S3Object, head: Uint8Array = new Uint8Array(0)) {
    this.client = client;
    this.name = object.name;
    this.key = object.key;
    this.size = object.size;
    this.version = object.version;
    this.#head = head;
  }

  /**
   * Opens an object by reading its beginning: one request, and one whose refusal says why, which that of a HEAD does not.
   *
   * @throws BackupError `SNAPSHOT_MISSING`
   */
  static async open(
    client: S3Client,
    { key, name }: Pick<S3Object, 'key' | 'name'>,
    signal: AbortSignal | undefined,
  ): Promise<S3RangeReader> {
    const asked = `to read ${name}`;
    const answer = await client.request({
      method: 'GET',
      key,
      headers: { range: `bytes=0-${HEAD_BYTES - 1}` },
      asked,
      mostBytes: HEAD_BYTES,
      allow: [404, 416],
      signal,
    });
    const { status, headers } = answer;
    if (status === 404) {
      const refusal = refusalOf(answer);
      throw refusal.code === 'NoSuchBucket' ? refusalError(asked, refusal) : missing(name);
    }
    const version = headers.get('etag') ?? '';
    // No byte of an empty object can be asked for.
    if (status === 416) return new S3RangeReader(client, { key, name, size: 0, version });
    return new S3RangeReader(client, { key, name, size: sizeOf(answer), version }, answer.body);
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    if (offset + length > this.size) throw this.#replaced('it is shorter than it was');
    if (offset + length <= this.#head.length) return this.#head.slice(offset, offset + length);
    const { status, headers, body } = await this.client.request({
      method: 'GET',
      key: this.key,
      headers: { range: `bytes=${offset}-${offset + length - 1}`, 'if-match': this.version },
      asked: `to read ${this.name}`,
      expectedBytes: length,
      allow: [404, 412, 416],
      signal,
    });
    if (status === 404) throw this.#replaced('it was deleted');
    if (status === 412 || status === 416) throw this.#replaced('it is another object now');
    // Some stores do not know If-Match here.
    if (headers.get('etag') !== this.version) throw this.#replaced('it is another object now');
    return body;
  }

  /** A range of it, for the store to copy. */
  rangeToCopy(offset: number, length: number): CopyRange {
    const path = `/${this.client.bucket}/${this.key}`.split('/').map(encodeURIComponent).join('/');
    return { path, version: this.version, offset, length };
  }

  /** Whether the version that was opened is at its key, as far as these credentials can see. */
  async isStillThere(signal?: AbortSignal): Promise<boolean> {
    try {
      return (await lookAtObject(this.client, this, signal)).version === this.version;
    } catch (error) {
      if (error instanceof BackupError && GONE.has(error.code)) return false;
      throw error;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #replaced(how: string): BackupError {
    return new BackupError('SNAPSHOT_REPLACED', `${this.name} changed while it was read: ${how}`, {
      path: this.name,
      hint: 'Nothing of it was used. Run it again.',
    });
  }
}

/** The length of the whole object, from the answer to a part of it. */
function sizeOf({ headers, body }: S3Response): number {
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return total === undefined ? body.length : Number(total);
}

function missing(name: string): BackupError {
  return new BackupError('SNAPSHOT_MISSING', `there is no snapshot at ${name}`, {
    path: name,
    hint: 'List what is there with `listSnapshots()`.',
  });
}
