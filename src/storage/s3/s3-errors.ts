import { type Advice, adviceByName } from '../../advice.ts';
import { BackupError } from '../../errors.ts';
import { parseXml, textOf } from './s3-xml.ts';

/** An answer of the store that is no success. */
export interface Refusal {
  status: number;
  /** What the store calls it: `NoSuchKey`, `AccessDenied` …; empty where it does not say, as in answers to HEAD. */
  code: string;
  message: string;
  requestId: string;
  /** The region that the bucket is in, where the store says so; else empty. */
  region: string;
  /** By how much the clock of the store is ahead of ours, in milliseconds; 0 where it does not show the time. */
  skewMs: number;
}

/** What was asked, for messages: `PUT part 3 of s3://bucket/name`. */
export type Asked = string;

/** Reads the refusal out of an answer. */
export function refusalOf({ status, headers, body }: { status: number; headers: Headers; body: Uint8Array }): Refusal {
  const parsed = parseXml(body);
  const element = parsed?.root === 'Error' ? parsed.element : {};
  return {
    status,
    code: textOf(element, 'Code') ?? '',
    message: textOf(element, 'Message') ?? '',
    requestId: textOf(element, 'RequestId') ?? headers.get('x-amz-request-id') ?? '',
    region: textOf(element, 'Region') ?? headers.get('x-amz-bucket-region') ?? '',
    skewMs: (Date.parse(headers.get('date') ?? '') || Date.now()) - Date.now(),
  };
}

const OTHER_REGION = 'The bucket is in another region: set it with ?region=… or AWS_REGION.';
const EXPIRED = 'The credentials have expired: log in again, then run it again.';

const BY_CODE = adviceByName({
  STORAGE_MISSING: {
    NoSuchBucket: 'Check the name of the bucket and the endpoint; this command makes no bucket.',
    PermanentRedirect: OTHER_REGION,
    IllegalLocationConstraintException: OTHER_REGION,
  },
  SNAPSHOT_MISSING: { NoSuchKey: 'List what is there with `listSnapshots()`.' },
  SNAPSHOT_REPLACED: { PreconditionFailed: 'Somebody replaced the object meanwhile: run it again.' },
  PERMISSION: {
    AccessDenied:
      'These credentials may not do that, or the object is under retention. The README names the rights that are needed.',
    AuthorizationHeaderMalformed: 'The region is wrong: set it with ?region=… or AWS_REGION.',
    ExpiredToken: EXPIRED,
    InvalidAccessKeyId: 'The store does not know this access key: check AWS_ACCESS_KEY_ID or the profile.',
    RequestTimeTooSkewed: 'The clock of this machine is wrong: set it, then run it again.',
    SignatureDoesNotMatch: 'The secret key does not fit the access key, or the region is wrong.',
    TokenRefreshRequired: EXPIRED,
    Unauthorized: 'The store does not accept these credentials.',
  },
  NO_SPACE: { QuotaExceeded: 'The quota of the bucket or account is used up: prune, or raise it.' },
  OUTPUT_UNWRITABLE: {
    KeyTooLongError: 'A key has at most 1,024 bytes: choose a shorter prefix.',
    EntityTooLarge: 'The store does not take objects or parts of this size.',
  },
});

/** What an answer without a code means, or with one that is not known. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  307: 'PermanentRedirect',
  // To a HEAD, which has no code: the signature is for another region.
  400: 'AuthorizationHeaderMalformed',
  401: 'Unauthorized',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  412: 'PreconditionFailed',
};

/** Stores refuse signatures that are older, or newer. */
const MOST_SKEW_MS = 15 * 60 * 1000;

const UNAVAILABLE: Advice = {
  code: 'STORAGE_UNAVAILABLE',
  hint: 'Nothing was committed or changed. Check the network and the endpoint, then run it again.',
};

/** Turns a refusal into an error that names the request, the status, the code and the request's id. */
export function refusalError(asked: Asked, refusal: Refusal): BackupError {
  const { status, code, message, requestId } = refusal;
  const advice = adviceFor(refusal);
  const said = message === '' ? '' : ` (${message})`;
  const id = requestId === '' ? '' : `, request ${requestId}`;
  return new BackupError(
    advice.code,
    `the object storage refused ${asked}: ${status}${code === '' ? '' : ` ${code}`}${said}${id}`,
    {
      hint: advice.hint,
    },
  );
}

function adviceFor({ status, code, region, skewMs }: Refusal): Advice {
  // Answers to HEAD have no code.
  const isSkewed = status === 403 && Math.abs(skewMs) > MOST_SKEW_MS;
  const named = BY_CODE.get(isSkewed ? 'RequestTimeTooSkewed' : code);
  const known = named ?? BY_CODE.get(CODE_OF_STATUS[status] ?? '') ?? UNAVAILABLE;
  if (region === '' || !known.hint.includes('?region=…')) return known;
  return { ...known, hint: `The bucket is in the region ${region}: set it with ?region=${region} or AWS_REGION.` };
}

/** The error for a request that got no whole answer, however often it was made. */
export function unreachableError(asked: Asked, attempts: number, cause: unknown): BackupError {
  return new BackupError(
    'STORAGE_UNAVAILABLE',
    `the object storage did not answer ${asked} in ${attempts} attempts: ${reasonOf(cause)}`,
    { hint: UNAVAILABLE.hint, cause },
  );
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  if (cause?.code !== undefined) return cause.code;
  if (cause?.message !== undefined) return cause.message;
  return error instanceof Error ? error.message : String(error);
}
