import { utf8Length, writeUtf8 } from './utf8.ts';

/** Keyword and value of a record of a pax header. */
export type PaxRecord = readonly [keyword: string, value: string];

/** Length of the records, in bytes. */
export function paxRecordsLength(records: readonly PaxRecord[]): number {
  return records.reduce((sum, record) => sum + recordLength(record), 0);
}

/** A record is its own length in decimal, a space, `keyword=value`, a newline. The length counts its own digits. */
function recordLength([keyword, value]: PaxRecord): number {
  const rest = keyword.length + utf8Length(value) + 3;
  let length = rest + 1;
  while (length < rest + String(length).length) length++;
  return length;
}

/** Writes the records one after the other. */
export function encodePaxRecords(records: readonly PaxRecord[], target: Uint8Array, offset: number): void {
  let at = offset;
  for (const record of records) {
    const length = recordLength(record);
    writeUtf8(`${length} ${record[0]}=${record[1]}\n`, target, at, length);
    at += length;
  }
}
