import { setTimeout as wait } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import type { CompleteOutcome, MultipartUpload } from './multipart-upload.ts';
import type { S3Client } from './s3-client.ts';
import { lookAtObject, S3RangeReader } from './s3-range-reader.ts';

/** What the object is to be. */
export interface CommittedObject {
  client: S3Client;
  key: string;
  /** As messages name it. */
  name: string;
  /** In bytes. */
  length: number;
  /** Its last bytes. */
  tail: Uint8Array;
  signal?: AbortSignal | undefined;
}

/** How often a commit whose answer was lost is asked for, and the pause between two times. */
const ATTEMPTS = 5;
const PAUSE_MS = 500;

/**
 * Commits an upload, reads its end back, and finds out whether it was done where the answer does not show.
 *
 * @throws BackupError `OUTPUT_EXISTS`, `STORAGE_UNAVAILABLE`, `PERMISSION`, `ABORTED`; the message says so where the object may be there
 */
export async function commitUpload(upload: MultipartUpload, object: CommittedObject): Promise<void> {
  const { name, signal } = object;
  let unknown: unknown;
  let mayLook = true;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const outcome = await upload.complete(signal);
    const found = await lookBack(object, outcome);
    if (found === 'ours') return;
    if (found === 'unreadable' && outcome.kind === 'done') return;
    if (outcome.kind === 'exists' || found === 'another') throw existsError(name);
    if (outcome.kind === 'done') break;
    unknown = outcome.error;
    mayLook = found !== 'unreadable';
    await wait(PAUSE_MS * attempt, undefined, { signal }).catch(() => {});
    throwIfAborted(signal);
  }
  if (!mayLook) throw uncertain(name, unknown);
  throw (
    unknown ??
    new BackupError('STORAGE_UNAVAILABLE', `the object storage lost ${name} after its commit`, {
      path: name,
      hint: 'No snapshot was made. Run it again, and look at the store.',
    })
  );
}

/** What is at the key now: read back by its length and its end, where the seal is. */
async function lookBack(
  { client, key, name, length, tail, signal }: CommittedObject,
  outcome: CompleteOutcome,
): Promise<'ours' | 'another' | 'nothing' | 'unreadable'> {
  try {
    const facts = await lookAtObject(client, { key, name }, signal);
    if (facts.size !== length) return 'another';
    const end = await new S3RangeReader(client, facts).read(length - tail.length, tail.length, signal);
    return Buffer.from(end).equals(tail) ? 'ours' : 'another';
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    if (error.code === 'SNAPSHOT_MISSING') return 'nothing';
    if (error.code === 'PERMISSION') return 'unreadable';
    if (error.code !== 'STORAGE_UNAVAILABLE') throw error;
    if (outcome.kind !== 'done') throw uncertain(name, error);
    throw new BackupError('STORAGE_UNAVAILABLE', `${name} was stored, but could not be read back: ${error.message}`, {
      path: name,
      hint: 'Verify it before you trust it: `verifySnapshot()`.',
      cause: error,
    });
  }
}

/** The error for a key that is taken. */
export function existsError(name: string): BackupError {
  return new BackupError('OUTPUT_EXISTS', `${name} exists already`, {
    path: name,
    hint: 'Nothing was overwritten. Choose another name.',
  });
}

function uncertain(name: string, cause: unknown): BackupError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BackupError('STORAGE_UNAVAILABLE', `${name} may have been stored: there was no answer (${why})`, {
    path: name,
    hint: 'Look with `listSnapshots()` whether it is there.',
    cause,
  });
}
