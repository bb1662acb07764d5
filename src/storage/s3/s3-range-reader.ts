import { BackupError } from '../../errors.ts';
import type { RangeReader } from '../storage.ts';
import type { S3Client } from './s3-client.ts';

/** One version of an object, read by ranges; each read is pinned to the version by its ETag. */
export class S3RangeReader implements RangeReader {
  readonly name: string;
  readonly key: string;
  readonly size: number;
  readonly version: string;
  readonly #client: S3Client;

  /**
   * @param name as messages name it
   * @param version the ETag, with its quotes
   */
  constructor(client: S3Client, object: { name: string; key: string; size: number; version: string }) {
    this.#client = client;
    this.name = object.name;
    this.key = object.key;
    this.size = object.size;
    this.version = object.version;
  }

  /** Looks an object up. */
  static async open(
    client: S3Client,
    { name, key }: { name: string; key: string },
    signal: AbortSignal | undefined,
  ): Promise<S3RangeReader> {
    const { status, headers } = await client.request({
      method: 'HEAD',
      key,
      asked: `to look at ${name}`,
      allow: [404],
      signal,
    });
    if (status === 404) {
      throw new BackupError('SNAPSHOT_MISSING', `there is no snapshot at ${name}`, {
        path: name,
        hint: 'List what is there with "oxios-backup snapshots".',
      });
    }
    const size = Number(headers.get('content-length'));
    return new S3RangeReader(client, { name, key, size, version: headers.get('etag') ?? '' });
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    if (offset + length > this.size) throw this.#replaced('it is shorter than it was');
    const { status, headers, body } = await this.#client.request({
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
