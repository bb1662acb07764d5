import { BackupError } from '../errors.ts';
import { concat, equalsAt, readU32, utf8, writeU32 } from './bytes.ts';
import type { Codec } from './codec.ts';
import { DAMAGED_HINT } from './gzip-member.ts';
import { inflateJson } from './inflate-json.ts';

/** A part of the index as it is packed: columns as JSON, then digests. */
export interface PackedColumns<Columns> {
  columns: Columns;
  digests: Uint8Array;
}

/** Length of a SHA-256 in bytes. */
export const DIGEST_BYTES = 32;
const LENGTH_BYTES = 4;
/** Of deflate. A higher level hardly makes columns shorter. */
const LEVEL = 6;

/** What a column must be. */
export interface ColumnRule<Column> {
  /** What is expected, for the message. */
  readonly expected: string;
  readonly holds: (column: unknown) => column is Column;
}

/** The columns that rules describe. */
export type ColumnsOf<Rules> = { [Key in keyof Rules]: Rules[Key] extends ColumnRule<infer Column> ? Column : never };

type AnyRules = Readonly<Record<string, ColumnRule<unknown>>>;

/** A column of integers. */
export function integers(minimum: number, maximum: number): ColumnRule<number[]> {
  return {
    expected: `integers from ${minimum} to ${maximum}`,
    holds: (column): column is number[] => areIntegers(column, minimum, maximum),
  };
}

/** A column of strings. */
export const strings: ColumnRule<string[]> = { expected: 'strings', holds: areStrings };

/** A column of one letter a value. */
export function letters(pattern: RegExp): ColumnRule<string> {
  return {
    expected: `letters as in ${pattern.source}`,
    holds: (column): column is string => typeof column === 'string' && pattern.test(column),
  };
}

// Plain loops, one for all columns: a call for each of millions of values would cost more than inflating them.
function areIntegers(column: unknown, minimum: number, maximum: number): boolean {
  if (!Array.isArray(column)) return false;
  for (let i = 0; i < column.length; i++) {
    const value: unknown = column[i];
    if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) return false;
  }
  return true;
}

function areStrings(column: unknown): column is string[] {
  if (!Array.isArray(column)) return false;
  for (let i = 0; i < column.length; i++) if (typeof column[i] !== 'string') return false;
  return true;
}

/**
 * Packs columns and digests.
 *
 * @param digests in hexadecimal, one after the other
 * @param earlier what was packed before; taken if it holds the same, which takes less than deflating it again
 */
export function packColumns(
  columns: object,
  digests: string,
  codec: Codec,
  earlier: Uint8Array | null = null,
): Uint8Array {
  const text = utf8(JSON.stringify(columns));
  const packedDigests = codec.fromHex(digests);
  if (earlier !== null && holdsTheSame(earlier, text, packedDigests, codec)) return earlier;
  const deflated = codec.deflate(text, LEVEL);
  const length = new Uint8Array(LENGTH_BYTES);
  writeU32(deflated.length, length, 0);
  return concat([length, deflated, packedDigests]);
}

/** @param packed anything that `unpackColumns` takes */
function holdsTheSame(packed: Uint8Array, text: Uint8Array, digests: Uint8Array, codec: Codec): boolean {
  const end = LENGTH_BYTES + readU32(packed, 0);
  if (packed.length - end !== digests.length || !equalsAt(packed, end, digests)) return false;
  try {
    const inflated = codec.inflate(packed.subarray(LENGTH_BYTES, end), text.length, text.length);
    return inflated?.length === text.length && equalsAt(inflated, 0, text);
  } catch {
    // It inflates to more.
    return false;
  }
}

/**
 * Unpacks what `packColumns` packed.
 *
 * @throws BackupError `INDEX_INVALID`
 */
export function unpackColumns<Rules extends AnyRules>(
  bytes: Uint8Array,
  rules: Rules,
  codec: Codec,
): PackedColumns<ColumnsOf<Rules>> {
  if (bytes.length < LENGTH_BYTES) throw invalidIndex('is cut');
  const end = LENGTH_BYTES + readU32(bytes, 0);
  if (end > bytes.length) throw invalidIndex('is cut');
  let value: unknown;
  try {
    value = inflateJson(bytes.subarray(LENGTH_BYTES, end), codec, Object.keys(rules));
  } catch (cause) {
    throw invalidIndex('cannot be read', cause);
  }
  return { columns: checkedColumns(value, rules), digests: bytes.subarray(end) };
}

/** Columns whose types and ranges are right; there may be others beside them. */
export function checkedColumns<Rules extends AnyRules>(value: unknown, rules: Rules): ColumnsOf<Rules> {
  if (typeof value !== 'object' || value === null) throw invalidIndex('has no columns');
  const columns = value as Record<string, unknown>;
  for (const [key, { expected, holds }] of Object.entries(rules))
    if (!holds(columns[key])) throw invalidIndex(`has a wrong value: ${key}: not ${expected}`);
  return columns as ColumnsOf<Rules>;
}

/** The refusal of an index that is not what it must be. */
export function invalidIndex(reason: string, cause?: unknown): BackupError {
  return new BackupError('INDEX_INVALID', `the index of the snapshot ${reason}`, { hint: DAMAGED_HINT, cause });
}

/** Sum of a column. */
export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
