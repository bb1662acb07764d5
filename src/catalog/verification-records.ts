import * as z from 'zod/mini';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import type { SnapshotStorage } from '../storage/storage.ts';

/** The file in a folder of snapshots that remembers what was verified. Without it nothing is. */
export const VERIFICATION_RECORDS = '.oxios-backup-verified.json';

const recordSchema = z.object({
  /** SHA-256 of the seal, by which every byte of the snapshot is verified. Length and version distinguish the file that was read from one that was written to since. */
  seal: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  length: z.int().check(z.nonnegative()),
  /** `stableVersion` of the storage: times of a file, the ETag of an object. */
  version: z.string(),
  /** When every byte was verified, or was found to be damaged. */
  verified_at: z.iso.datetime(),
  /** When the digests of the stored bytes were verified since, if they were. */
  quick_at: z.optional(z.iso.datetime()),
  /** What was wrong first; null if nothing was. */
  problem: z.nullable(
    z.object({ code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]), message: z.string() }),
  ),
});

const memorySchema = z.object({ format: z.literal(2), records: z.array(recordSchema) });

/** How the last verification of a file ended. */
export type VerificationRecord = z.infer<typeof recordSchema>;

/**
 * What a record holds for: the file as it was then. A copy of it has none, nor the same written again. A record is for people to read: bytes that rot on a disk change no time, so nothing is removed on the strength of it.
 */
export type RecordKey = Pick<VerificationRecord, 'seal' | 'length' | 'version'>;

/** A key as a string, to look records up by. */
export function recordId({ seal, length, version }: RecordKey): string {
  return `${seal} ${length} ${version}`;
}

/** Everything that is remembered in a folder. A memory that is missing, or that cannot be read or understood, is empty: forgetting is safe. */
export async function readRecords(
  storage: SnapshotStorage,
  signal?: AbortSignal,
): Promise<Map<string, VerificationRecord>> {
  try {
    const bytes = await storage.readRecord(VERIFICATION_RECORDS, signal);
    if (bytes === null) return new Map();
    const { records } = memorySchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return new Map(records.map((record) => [recordId(record), record]));
  } catch {
    return new Map();
  }
}

/**
 * Remembers a record, beside those that the folder remembers already.
 *
 * @param present ids of the snapshots in the folder; records of others are forgotten
 * @throws what the storage throws; the memory is then whole
 */
export async function writeRecord(
  storage: SnapshotStorage,
  record: VerificationRecord,
  present: ReadonlySet<string>,
): Promise<void> {
  const records = await readRecords(storage);
  records.set(recordId(record), record);
  const kept = [...records].filter(([id]) => present.has(id)).map(([, kept]) => kept);
  const memory: z.infer<typeof memorySchema> = { format: 2, records: kept };
  await storage.writeRecord(VERIFICATION_RECORDS, new TextEncoder().encode(`${JSON.stringify(memory, null, 1)}\n`));
}
