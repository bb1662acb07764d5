import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import { temporaryName } from '../system/temporary-names.ts';
import { writeDurably } from '../system/write-durably.ts';

/** The file in a folder of snapshots that remembers what was verified. Without it nothing is. */
export const VERIFICATION_RECORDS = '.oxios-backup-verified.json';

/** More than this is no memory of ours. */
const MAX_BYTES = 16 * 1024 * 1024;

const NANOSECONDS = /^-?\d{1,19}$/;

const recordSchema = z.object({
  /** SHA-256 of the seal, which vouches for every byte of the snapshot. Length and times tell the file that was read from one that was written to since. */
  seal: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  length: z.int().check(z.nonnegative()),
  mtime_ns: z.string().check(z.regex(NANOSECONDS)),
  /** Unlike mtime no program can set it. */
  ctime_ns: z.string().check(z.regex(NANOSECONDS)),
  /** When every byte was verified, or was found to be damaged. */
  verified_at: z.iso.datetime(),
  /** When the digests of the stored bytes were verified since, if they were. */
  quick_at: z.optional(z.iso.datetime()),
  /** What was wrong first; null if nothing was. */
  problem: z.nullable(
    z.object({ code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]), message: z.string() }),
  ),
});

const memorySchema = z.object({ format: z.literal(1), records: z.array(recordSchema) });

/** How the last verification of a file ended. */
export type VerificationRecord = z.infer<typeof recordSchema>;

/**
 * What a record holds for: the file as it was then. A copy of it has none, nor the same written again. No inode: file systems of portable disks (FAT, exFAT)
 * make them up anew at each mount. A record is for people to read: bytes that rot on a disk change no time, so nothing is removed on the strength of it.
 */
export type RecordKey = Pick<VerificationRecord, 'seal' | 'length' | 'mtime_ns' | 'ctime_ns'>;

/** A key as a string, to look records up by. */
export function recordId({ seal, length, mtime_ns, ctime_ns }: RecordKey): string {
  return `${seal} ${length} ${mtime_ns} ${ctime_ns}`;
}

/** Everything that is remembered in a folder. A memory that is missing, or that cannot be understood, is empty: forgetting is safe. */
export function readRecords(directory: string): Map<string, VerificationRecord> {
  try {
    const file = path.join(directory, VERIFICATION_RECORDS);
    const stat = fs.lstatSync(file);
    if (!stat.isFile() || stat.size > MAX_BYTES) return new Map();
    const { records } = memorySchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
    return new Map(records.map((record) => [recordId(record), record]));
  } catch {
    return new Map();
  }
}

/**
 * Remembers a record, beside those that the folder remembers already.
 *
 * @param present ids of the snapshots in the folder; records of others are forgotten
 * @throws what the file system throws; the memory is then whole
 */
export function writeRecord(directory: string, record: VerificationRecord, present: ReadonlySet<string>): void {
  const records = readRecords(directory);
  records.set(recordId(record), record);
  const kept = [...records].filter(([id]) => present.has(id)).map(([, kept]) => kept);
  const memory: z.infer<typeof memorySchema> = { format: 1, records: kept };
  const temporary = path.join(directory, temporaryName('snapshot'));
  writeDurably(path.join(directory, VERIFICATION_RECORDS), `${JSON.stringify(memory, null, 1)}\n`, { temporary });
}
