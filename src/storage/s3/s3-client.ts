import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { BackupError } from '../../errors.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import type { CredentialSource } from './credentials.ts';
import { type Asked, type Refusal, refusalError, refusalOf, unreachableError } from './s3-errors.ts';
import type { S3Location } from './s3-location.ts';

/** One request, without what every request has. */
export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Key of the object; absent for the bucket itself. */
  key?: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  /** For messages: what is done to what. */
  asked: Asked;
  /** Length that the body of a good answer must have. */
  expectedBytes?: number;
  /** Most that it may have, where that is not known exactly. */
  mostBytes?: number;
  /** Time that the store may take for it, besides that for any answer. */
  patienceMs?: number;
  /** Answers that are no success and are the caller's to understand; others are thrown. */
  allow?: readonly number[];
  /**
   * Whether an answer of 2xx is a success: the store may begin to answer before it is done, and then send an error. The last one is
   * returned in any case.
   *
   * @default all are
   */
  isSuccess?: (answer: S3Response) => boolean;
  /** Whether it is made again when no answer came. */
  repeat?: boolean;
  signal?: AbortSignal | undefined;
}

export interface S3Response {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

/** Times and counts; tests pass others. */
export interface RetryPolicy {
  /** How often a request is made at most. */
  attempts: number;
  /** Pause before the second attempt; doubled for each further one. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** Time for an answer, apart from its bytes. */
  answerMs: number;
}

export const RETRY_POLICY: RetryPolicy = { attempts: 7, firstPauseMs: 200, longestPauseMs: 10_000, answerMs: 30_000 };

/** Bytes of a body that are given to the connection at once. */
const SENT_AT_ONCE = 256 * 1024;
/** A connection that is slower than this is considered dead. In bytes per millisecond. */
const LEAST_RATE = 16;
const RETRIED_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const RETRIED_CODE = new Set(['RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable', 'OperationAborted']);

/** Makes signed requests to one bucket, and makes them again while that can help. Knows nothing of snapshots. */
export class S3Client {
  readonly #location: S3Location;
  readonly #credentials: CredentialSource;
  readonly #policy: RetryPolicy;
  /** Keys derived for a day and region. */
  readonly #derived = new Map<string, ArrayBuffer>();

  constructor(location: S3Location, credentials: CredentialSource, policy: RetryPolicy = RETRY_POLICY) {
    this.#location = location;
    this.#credentials = credentials;
    this.#policy = policy;
  }

  /**
   * @returns a success, or one of the statuses that the request allows
   * @throws BackupError `STORAGE_UNAVAILABLE`, `STORAGE_MISSING`, `SNAPSHOT_MISSING`, `PERMISSION`, `ABORTED` …
   */
  async request(request: S3Request): Promise<S3Response> {
    const { asked, allow = [], isSuccess = () => true, repeat = true, signal } = request;
    for (let attempt = 1; ; attempt++) {
      const isLast = !repeat || attempt >= this.#policy.attempts;
      const answer = await this.#attempt(request).catch((error: unknown) => {
        throwIfAborted(signal);
        if (error instanceof BackupError) throw error;
        if (isLast) throw unreachableError(asked, attempt, error);
        return null;
      });
      if (answer !== null) {
        const isGood = answer.status < 300;
        if ((isGood && (isLast || isSuccess(answer))) || allow.includes(answer.status)) return answer;
        const refusal = refusalOf(answer);
        if (!isGood && (isLast || !isPassing(refusal))) throw refusalError(asked, refusal);
      }
      await this.#pause(attempt, signal);
    }
  }

  /** The bucket that requests are made to. */
  get bucket(): string {
    return this.#location.bucket;
  }

  /** Whether the store of another client is this one: one can have the other's objects. */
  isOfSameStore(other: S3Client): boolean {
    return this.#store === other.#store;
  }

  get #store(): string {
    const { endpoint, region } = this.#location;
    return `${endpoint?.href ?? 'AWS'} ${region ?? ''}`;
  }

  async #attempt(request: S3Request): Promise<S3Response> {
    const { method, headers = {}, body, expectedBytes, mostBytes = expectedBytes, patienceMs = 0, signal } = request;
    const bytes = (body?.length ?? 0) + (mostBytes ?? 0);
    const timeout = AbortSignal.timeout(this.#policy.answerMs + patienceMs + Math.ceil(bytes / LEAST_RATE));
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#credentials();
    const signer = new AwsV4Signer({
      method,
      url: this.#url(request),
      headers: { ...headers, ...checksums(body) },
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      // Without one it is guessed from the host.
      ...(this.#location.region === null ? {} : { region: this.#location.region }),
      cache: this.#derived,
    });
    const signed = await signer.sign();
    const response = await fetch(signed.url, {
      method,
      headers: signed.headers,
      ...(body === undefined ? {} : bodyOf(body, signed.headers)),
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    // A store that does not know ranges answers with the whole object; that is not taken in.
    if (response.ok && mostBytes !== undefined && Number(response.headers.get('content-length')) > mostBytes) {
      await response.body?.cancel();
      throw new Error(`the answer has ${response.headers.get('content-length')} bytes instead of ${mostBytes}`);
    }
    const got = new Uint8Array(await response.arrayBuffer());
    if (response.ok && expectedBytes !== undefined && got.length !== expectedBytes) {
      throw new Error(`the answer has ${got.length} bytes instead of ${expectedBytes}`);
    }
    return { status: response.status, headers: response.headers, body: got };
  }

  #url({ key, query = {} }: S3Request): string {
    const { bucket, endpoint, region, pathStyle } = this.#location;
    const base = endpoint ?? new URL(`https://s3.${region ?? 'us-east-1'}.amazonaws.com`);
    const host = pathStyle ? base.host : `${bucket}.${base.host}`;
    const folder = base.pathname.replace(/\/$/, '') + (pathStyle ? `/${bucket}` : '');
    const path = key === undefined ? '' : key.split('/').map(encodeStrictly).join('/');
    const search = Object.entries(query).map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`);
    return `${base.protocol}//${host}${folder}/${path}${search.length === 0 ? '' : `?${search.join('&')}`}`;
  }

  async #pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const { firstPauseMs, longestPauseMs } = this.#policy;
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
    // Some of it by chance, so that many that were refused together do not come back together.
    await wait(longest / 2 + (Math.random() * longest) / 2, undefined, { signal }).catch(() => {});
    throwIfAborted(signal);
  }
}

/**
 * The body as `fetch` sends it without a copy of all of it: a stream, which takes the bytes from where they are.
 *
 * @param headers get its length, for stores take no body of unknown length
 */
function bodyOf(bytes: Uint8Array, headers: Headers): Pick<RequestInit, 'body' | 'duplex'> {
  headers.set('content-length', String(bytes.length));
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      const end = Math.min(sent + SENT_AT_ONCE, bytes.length);
      if (end > sent) controller.enqueue(bytes.subarray(sent, end));
      sent = end;
      if (sent === bytes.length) controller.close();
    },
  });
  return { body, duplex: 'half' };
}

/** A bucket under Object Lock demands an MD5 of what is put; the signature covers the SHA-256. */
function checksums(body: Uint8Array | undefined): Record<string, string> {
  const sha256 = createHash('sha256')
    .update(body ?? new Uint8Array(0))
    .digest('hex');
  if (body === undefined) return { 'x-amz-content-sha256': sha256 };
  return { 'x-amz-content-sha256': sha256, 'content-md5': createHash('md5').update(body).digest('base64') };
}

function isPassing({ status, code }: Refusal): boolean {
  return RETRIED_STATUS.has(status) || RETRIED_CODE.has(code);
}

/** As RFC 3986 has it, which is what signatures are made over. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
