import { BackupError } from '../../errors.ts';
import type { RangeReader } from '../range-reader.ts';
import { isDefaultSnapshotName } from '../snapshot-name.ts';
import type { BeginOptions, ClearedObject, SnapshotSink, SnapshotStorage, StoredObject } from '../storage.ts';
import { clearAbandonedUploads } from './abandoned-uploads.ts';
import { credentialSource } from './credentials.ts';
import { MultipartSink, partLength } from './multipart-sink.ts';
import { type RetryPolicy, S3Client } from './s3-client.ts';
import { parseS3Location, printableLocation, type S3Location, splitS3Object } from './s3-location.ts';
import { lookAtObject, type S3Facts, S3RangeReader } from './s3-range-reader.ts';
import { childrenOf, decodeKey, parseXml, textOf } from './s3-xml.ts';
import { readSharedProfile } from './shared-config.ts';

/** Of S3, and of stores with its API; in UTF-8. */
const MOST_KEY_BYTES = 1024;

type Environment = Readonly<Record<string, string | undefined>>;

export interface S3StorageOptions {
  /** @default the environment of the process */
  env?: Environment;
  /**
   * Recognizes the names of our snapshots; decides which abandoned uploads are cleared.
   *
   * @default names that this program gives
   */
  isSnapshotName?: (name: string) => boolean;
  retry?: RetryPolicy;
  /** Clock, for what is abandoned. */
  now?: () => Date;
}

/**
 * Opens `s3://bucket/prefix`. Asks the store nothing yet.
 *
 * @throws BackupError `USAGE`, `PERMISSION` (of the shared files), `IO`
 */
export function openS3Storage(url: string, options: S3StorageOptions = {}): S3Storage {
  const env = options.env ?? process.env;
  const profile = readSharedProfile(env);
  const style = profile.get('s3.addressing_style');
  const location = parseS3Location(url, {
    endpoint: env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || profile.get('endpoint_url'),
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || profile.get('region'),
    pathStyle: style === 'path' ? true : style === 'virtual' ? false : undefined,
  });
  return new S3Storage(location, new S3Client(location, credentialSource(env, profile), options.retry), options);
}

/**
 * Opens the folder of `s3://bucket/prefix/name`. Asks the store nothing yet.
 *
 * @throws BackupError `USAGE`, `PERMISSION` (of the shared files), `IO`
 */
export function openS3Snapshot(url: string): { storage: S3Storage; name: string } {
  const { folder, name } = splitS3Object(url);
  const isSnapshotName = (other: string) => other === name || isDefaultSnapshotName(other);
  return { storage: openS3Storage(folder, { isSnapshotName }), name };
}

/** Snapshots as objects of a bucket. */
export class S3Storage implements SnapshotStorage {
  readonly location: string;
  readonly isRemote = true;
  readonly #at: S3Location;
  readonly #client: S3Client;
  readonly #options: S3StorageOptions;

  constructor(at: S3Location, client: S3Client, options: S3StorageOptions) {
    this.location = printableLocation(at);
    this.#at = at;
    this.#client = client;
    this.#options = options;
  }

  async *list(signal?: AbortSignal): AsyncGenerator<StoredObject, void, void> {
    const { prefix } = this.#at;
    let from: Record<string, string> = {};
    for (;;) {
      const { body } = await this.#client.request({
        method: 'GET',
        query: { 'list-type': '2', prefix, delimiter: '/', 'encoding-type': 'url', ...from },
        asked: `to list ${this.location}`,
        signal,
      });
      const answer = parseXml(body);
      if (answer?.root !== 'ListBucketResult') throw strangeAnswer(this.location);
      for (const object of childrenOf(answer.element, 'Contents')) {
        const name = decodeKey(textOf(object, 'Key') ?? '').slice(prefix.length);
        // The key that is the prefix itself: a folder as consoles make it.
        if (name === '') continue;
        const version = textOf(object, 'ETag') ?? '';
        yield {
          name,
          length: Number(textOf(object, 'Size')),
          version,
          stableVersion: version,
          modified: new Date(textOf(object, 'LastModified') ?? 0),
        };
      }
      const next = textOf(answer.element, 'NextContinuationToken');
      if (textOf(answer.element, 'IsTruncated') !== 'true' || next === undefined) return;
      from = { 'continuation-token': next };
    }
  }

  async look(name: string, signal?: AbortSignal): Promise<StoredObject | null> {
    const facts = await this.#factsOf(name, signal);
    if (facts === null) return null;
    const { size, version, modified } = facts;
    return { name, length: size, version, stableVersion: version, modified };
  }

  open(name: string, signal?: AbortSignal): Promise<RangeReader> {
    return S3RangeReader.open(this.#client, { name: this.#nameOf(name), key: this.#keyOf(name) }, signal);
  }

  async begin(chosen: string | (() => string), options: BeginOptions = {}): Promise<SnapshotSink> {
    const name = typeof chosen === 'string' ? chosen : chosen();
    return MultipartSink.begin({
      client: this.#client,
      key: this.#keyOf(name),
      name: this.#nameOf(name),
      output: this.pathOf(name),
      partLength: partLength(options.expectedBytes ?? 0),
      signal: options.signal,
    });
  }

  async remove({ name, version }: Pick<StoredObject, 'name' | 'version'>, signal?: AbortSignal): Promise<void> {
    const shown = this.#nameOf(name);
    const key = this.#keyOf(name);
    const now = await this.#factsOf(name, signal);
    if (now?.version !== version) {
      throw new BackupError('SNAPSHOT_REPLACED', `${shown} is not the object any more that it was when it was listed`, {
        path: shown,
        hint: 'Nothing was deleted there. Run it again.',
      });
    }
    const { versionId } = now;
    if (now.retainedUntil !== null && now.retainedUntil > (this.#options.now?.() ?? new Date())) {
      throw new BackupError('PERMISSION', `${shown} is under retention until ${now.retainedUntil.toISOString()}`, {
        path: shown,
        hint: 'It was kept. Prune again after that.',
      });
    }
    await this.#client.request({
      method: 'DELETE',
      key,
      // Where the bucket keeps versions, that very one: without it, a marker would hide it and its bytes would be billed on.
      ...(versionId === null ? {} : { query: { versionId } }),
      asked: `to delete ${shown}`,
      allow: [404],
      signal,
    });
  }

  async readRecord(name: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const { status, body } = await this.#client.request({
      method: 'GET',
      key: this.#keyOf(name),
      asked: `to read ${this.#nameOf(name)}`,
      allow: [404],
      signal,
    });
    return status === 404 ? null : body;
  }

  async writeRecord(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#client.request({
      method: 'PUT',
      key: this.#keyOf(name),
      body: bytes,
      headers: { 'content-type': 'application/json' },
      asked: `to store ${this.#nameOf(name)}`,
      signal,
    });
  }

  async clearAbandoned(signal?: AbortSignal): Promise<ClearedObject[]> {
    const { isSnapshotName = isDefaultSnapshotName, now = () => new Date() } = this.#options;
    const names = await clearAbandonedUploads(this.#client, this.#at, isSnapshotName, now(), signal);
    const message = 'an upload that was begun over a day ago and never committed was given up';
    return names.map((name) => ({ path: this.pathOf(name), message }));
  }

  pathOf(name: string): string {
    const { query } = this.#at;
    return `${this.#nameOf(name)}${query === '' ? '' : `?${query}`}`;
  }

  /** Null where there is nothing at the name. */
  async #factsOf(name: string, signal: AbortSignal | undefined): Promise<S3Facts | null> {
    try {
      return await lookAtObject(this.#client, { name: this.#nameOf(name), key: this.#keyOf(name) }, signal);
    } catch (error) {
      if (error instanceof BackupError && error.code === 'SNAPSHOT_MISSING') return null;
      throw error;
    }
  }

  /** @throws BackupError `USAGE`: stores refuse a longer key without saying why */
  #keyOf(name: string): string {
    const key = this.#at.prefix + name;
    const bytes = Buffer.byteLength(key);
    if (bytes <= MOST_KEY_BYTES) return key;
    throw new BackupError(
      'USAGE',
      `the key of ${this.#nameOf(name)} has ${bytes} bytes; ${MOST_KEY_BYTES} are the most`,
      {
        path: this.#nameOf(name),
        hint: 'Choose a shorter prefix or name.',
      },
    );
  }

  #nameOf(name: string): string {
    return `${this.location}/${name}`;
  }
}

function strangeAnswer(location: string): BackupError {
  return new BackupError('STORAGE_UNAVAILABLE', `the answer to a listing of ${location} is not one of S3`, {
    hint: 'Check the endpoint: does an S3 server answer there?',
  });
}
