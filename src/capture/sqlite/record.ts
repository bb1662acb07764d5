import { Defect } from './database-pages.ts';

/** A variable-length integer: https://sqlite.org/fileformat2.html#varint */
export function readVarint(bytes: Buffer, at: number): { value: bigint; next: number } {
  let value = 0n;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new Defect('a number reaches beyond its page');
    if (i === 8) return { value: (value << 8n) | BigInt(byte), next: at + 9 };
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  throw new TypeError('unreachable: the ninth byte ends it');
}

/** Lengths of the first serial types: NULL, integers, a float, and the constants 0 and 1. */
const LENGTHS = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

/**
 * The columns of a record, as text or number; other values are null, as is all that a schema does not hold.
 *
 * @param encoding of text, as the header of the database has it: 1 is UTF-8, 2 UTF-16 in little-endian, 3 in big-endian
 * @throws Defect
 */
export function columnsOf(payload: Buffer, encoding: number): (string | number | null)[] {
  const header = readVarint(payload, 0);
  const columns: (string | number | null)[] = [];
  let body = Number(header.value);
  for (let at = header.next; at < Number(header.value); ) {
    const { value, next } = readVarint(payload, at);
    const type = Number(value);
    const length = type < LENGTHS.length ? (LENGTHS[type] ?? 0) : (type - (type % 2 === 0 ? 12 : 13)) / 2;
    if (body + length > payload.length) throw new Defect('a record is shorter than it says');
    columns.push(decodeColumn(payload.subarray(body, body + length), type, encoding));
    body += length;
    at = next;
  }
  return columns;
}

function decodeColumn(bytes: Buffer, type: number, encoding: number): string | number | null {
  if (type === 8 || type === 9) return type - 8;
  if (type >= 1 && type <= 5) return bytes.readIntBE(0, bytes.length);
  if (type === 6) return Number(bytes.readBigInt64BE(0));
  return type >= 13 && type % 2 === 1 ? textOf(bytes, encoding) : null;
}

function textOf(bytes: Buffer, encoding: number): string {
  if (encoding === 1) return bytes.toString('utf8');
  const even = Buffer.from(bytes.subarray(0, bytes.length & ~1));
  return (encoding === 3 ? even.swap16() : even).toString('utf16le');
}
