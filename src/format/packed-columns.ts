import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import { concat, readU32, utf8, writeU32 } from './bytes.ts';
import type { Codec } from './codec.ts';
import { DAMAGED_HINT } from './gzip-member.ts';
import { inflateJson } from './inflate-json.ts';

/** A part of the index as it is packed: columns of JSON, and digests behind them. */
export interface PackedColumns<Columns> {
  columns: Columns;
  digests: Uint8Array;
}

/** Length of a SHA-256 in bytes. */
export const DIGEST_BYTES = 32;
const LENGTH_BYTES = 4;
/** Of deflate: more of it makes columns hardly shorter. */
const LEVEL = 6;

// One check a column: a schema for each number would cost more than inflating the block.
/** A column of integers. */
export const integers = (minimum: number, maximum: number) =>
  z.custom<number[]>(
    (column) =>
      Array.isArray(column) &&
      column.every((value) => Number.isSafeInteger(value) && value >= minimum && value <= maximum),
    `not integers from ${minimum} to ${maximum}`,
  );

/** A column of strings. */
export const strings = z.custom<string[]>(
  (column) => Array.isArray(column) && column.every((value) => typeof value === 'string'),
  'not strings',
);

/** Packs columns and digests, these in hexadecimal, one behind the other. */
export function packColumns(columns: object, codec: Codec, ...digests: readonly string[]): Uint8Array {
  const deflated = codec.deflate(utf8(JSON.stringify(columns)), LEVEL);
  const length = new Uint8Array(LENGTH_BYTES);
  writeU32(deflated.length, length, 0);
  return concat([length, deflated, codec.fromHex(digests.join(''))]);
}

/**
 * The mirror of `packColumns`.
 *
 * @throws BackupError `INDEX_INVALID`
 */
export function unpackColumns<Columns>(
  bytes: Uint8Array,
  schema: z.ZodMiniType<Columns> & { shape: object },
  codec: Codec,
): PackedColumns<Columns> {
  if (bytes.length < LENGTH_BYTES) throw invalidIndex('is cut');
  const end = LENGTH_BYTES + readU32(bytes, 0);
  if (end > bytes.length) throw invalidIndex('is cut');
  let value: unknown;
  try {
    value = inflateJson(bytes.subarray(LENGTH_BYTES, end), codec, Object.keys(schema.shape));
  } catch (cause) {
    throw invalidIndex('cannot be read', cause);
  }
  return { columns: checkedColumns(value, schema), digests: bytes.subarray(end) };
}

/** Columns whose types and ranges are right; fields that the schema does not know are omitted. */
export function checkedColumns<Columns>(value: unknown, schema: z.ZodMiniType<Columns>): Columns {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidIndex(`has a wrong value: ${issue?.path.join('.')}: ${issue?.message}`, parsed.error);
}

/** The refusal of an index that is not what it must be. */
export function invalidIndex(reason: string, cause?: unknown): BackupError {
  return new BackupError('INDEX_INVALID', `the index of the snapshot ${reason}`, { hint: DAMAGED_HINT, cause });
}

/** Sum of a column. */
export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
