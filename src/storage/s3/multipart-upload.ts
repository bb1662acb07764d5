import { BackupError } from '../../errors.ts';
import type { S3Client, S3Response } from './s3-client.ts';
import { refusalError, refusalOf } from './s3-errors.ts';
import { parseXml, textOf } from './s3-xml.ts';

/** Bytes of one version of an object. */
export interface CopyRange {
  /** Bucket and key, as a header has them. */
  path: string;
  version: string;
  offset: number;
  length: number;
}

/**
 * Time in which thousands of parts become one object, which may take a store minutes; and in which an upload is given up, or left to a
 * later run.
 */
const PATIENCE_MS = 5 * 60 * 1000;
const ABORT_MS = 8_000;

/** How a commit ended. */
export type CompleteOutcome =
  /** The store says that the object is there. */
  | { kind: 'done' }
  /** There was an object at the key. */
  | { kind: 'exists' }
  /** No answer came, or the upload is not known any more: the object may be there. */
  | { kind: 'unknown'; error: unknown };

/** One multipart upload: the requests, and what the parts answered. */
export class MultipartUpload {
  readonly #client: S3Client;
  readonly #key: string;
  readonly #name: string;
  readonly #id: string;
  readonly #etags: string[] = [];

  private constructor(client: S3Client, key: string, name: string, id: string) {
    this.#client = client;
    this.#key = key;
    this.#name = name;
    this.#id = id;
  }

  static async begin(client: S3Client, key: string, name: string, signal?: AbortSignal): Promise<MultipartUpload> {
    const asked = `to begin ${name}`;
    const answered = await client.request({
      method: 'POST',
      key,
      query: { uploads: '' },
      headers: { 'content-type': 'application/gzip' },
      asked,
      signal,
    });
    const answer = parseXml(answered.body);
    const id = answer === null ? undefined : textOf(answer.element, 'UploadId');
    if (id === undefined) throw refusalError(asked, refusalOf(answered));
    return new MultipartUpload(client, key, name, id);
  }

  /** @param number from 1 on */
  async put(number: number, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { headers } = await this.#client.request({
      method: 'PUT',
      key: this.#key,
      query: this.#part(number),
      body: bytes,
      asked: `to store part ${number} of ${this.#name}`,
      signal,
    });
    this.#etags[number - 1] = headers.get('etag') ?? '';
  }

  /**
   * Has the store copy a range of an object as a part.
   *
   * @returns false where the store cannot, or the object is another one by now
   */
  async copy(number: number, { path, version, offset, length }: CopyRange, signal?: AbortSignal): Promise<boolean> {
    const answer = await this.#client.request({
      method: 'PUT',
      key: this.#key,
      query: this.#part(number),
      headers: {
        'x-amz-copy-source': path,
        'x-amz-copy-source-range': `bytes=${offset}-${offset + length - 1}`,
        'x-amz-copy-source-if-match': version,
      },
      asked: `to copy part ${number} of ${this.#name}`,
      allow: [400, 403, 404, 405, 412, 416, 501],
      isSuccess: (answer) => copiedTag(answer) !== null,
      patienceMs: PATIENCE_MS,
      signal,
    });
    const etag = copiedTag(answer);
    if (etag === null) return false;
    this.#etags[number - 1] = etag;
    return true;
  }

  /** Forgets the parts from a number on. They may be put again. */
  forgetFrom(number: number): void {
    this.#etags.length = Math.min(this.#etags.length, number - 1);
  }

  /**
   * Makes the parts one object, if there is nothing at the key. A store that does not know the condition is asked without it;
   * the caller has looked, and looks again.
   */
  async complete(signal?: AbortSignal): Promise<CompleteOutcome> {
    const parts = this.#etags.map(
      (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag></Part>`,
    );
    const body = new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    for (const headers of [{ 'if-none-match': '*' }, {}]) {
      const asked = `to commit ${this.#name}`;
      try {
        const answer = await this.#client.request({
          method: 'POST',
          key: this.#key,
          query: { uploadId: this.#id },
          headers: { 'content-type': 'application/xml', ...headers },
          body,
          asked,
          allow: [400, 404, 409, 412, 501],
          // Made again only by the caller, who looks first whether it was done.
          repeat: false,
          patienceMs: PATIENCE_MS,
          signal,
        });
        const outcome = understand(answer, asked);
        if (outcome !== 'without the condition') return outcome;
      } catch (error) {
        if (error instanceof BackupError && error.code !== 'STORAGE_UNAVAILABLE') throw error;
        return { kind: 'unknown', error };
      }
    }
    throw new BackupError('STORAGE_UNAVAILABLE', `the object storage does not commit ${this.#name}`);
  }

  /** Gives up the upload, so that its parts are not billed. */
  async abort(): Promise<void> {
    // Without the signal, which may be the reason. Somebody may be waiting for the command to end.
    const signal = AbortSignal.timeout(ABORT_MS);
    await this.#client.request({
      method: 'DELETE',
      key: this.#key,
      query: { uploadId: this.#id },
      asked: `to give up ${this.#name}`,
      allow: [404],
      signal,
    });
  }

  #part(number: number): Record<string, string> {
    return { partNumber: String(number), uploadId: this.#id };
  }
}

/** The ETag of a part that was copied; null where the answer is an error. */
function copiedTag({ status, body }: S3Response): string | null {
  const answer = status < 300 ? parseXml(body) : null;
  return answer?.root === 'CopyPartResult' ? (textOf(answer.element, 'ETag') ?? null) : null;
}

/** An answer of 200 may hold an error: the store begins to answer before it is done. */
function understand(answered: S3Response, asked: string): CompleteOutcome | 'without the condition' {
  const { status } = answered;
  const answer = parseXml(answered.body);
  if (status < 300 && answer?.root === 'CompleteMultipartUploadResult') return { kind: 'done' };
  const refusal = refusalOf(answered);
  const error = refusalError(asked, refusal);
  if (refusal.code === 'PreconditionFailed') return { kind: 'exists' };
  if (status === 501 || refusal.code === 'NotImplemented') return 'without the condition';
  if (['NoSuchUpload', 'ConditionalRequestConflict'].includes(refusal.code) || status < 300)
    return { kind: 'unknown', error };
  throw error;
}
