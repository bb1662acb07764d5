/** What the constructs are made with. */
import { type Entry, file } from '../../archives/entry.ts';
import { buildForeign, type ForeignLayers } from '../../archives/foreign.ts';
import {
  type HeaderFields,
  type PaxRecord,
  padded,
  paxHeader,
  paxHeaderOf,
  paxRecord,
  type RawFields,
  ustarHeader,
} from '../../archives/tar-bytes.ts';
import { BASE } from '../../malicious/attack.ts';

export const GNU: RawFields = { magic: 'ustar  \0' };
export const V7: RawFields = { magic: '', devmajor: '', devminor: '' };
export const CONTENT = Buffer.from('content of a file\n');
export const LONG = `${'long/'.repeat(40)}name`;

export const make = (entries: Entry[], layers?: ForeignLayers) => (): Buffer =>
  buildForeign([...BASE, ...entries], layers);

/** A file with these bytes in its header, and another file behind it that shows where readers look for the next. */
export function raw(
  fields: RawFields,
  of: Partial<HeaderFields> = {},
  before: Buffer = Buffer.alloc(0),
  content = CONTENT,
) {
  const header = ustarHeader({ path: 'a.bin', size: content.length, ...of }, fields);
  return make([file('a.bin', content, { header: Buffer.concat([before, header]) }), file('z.md')]);
}

export const pax = (records: PaxRecord[], of: Partial<HeaderFields> = {}, fields: RawFields = {}) =>
  raw(fields, of, paxHeader(records));
export const paxBody = (body: string | Buffer) => raw({}, {}, paxHeaderOf(Buffer.from(body)));
/** A pax header of its own header fields. */
export const paxWith = (fields: RawFields, of: Partial<HeaderFields> = {}, type = 'x') => {
  const body = paxRecord(['path', 'b.bin']);
  const header = ustarHeader({ path: 'PaxHeader', type, size: body.length, mtime: 0, ...of }, fields);
  return raw({}, {}, Buffer.concat([header, padded(body)]));
};
export const entry = (
  fields: Partial<HeaderFields>,
  rawFields: RawFields = {},
  body: Buffer = Buffer.alloc(0),
): Entry => ({
  path: String(fields.path ?? 'a.bin'),
  type: 'f',
  header: ustarHeader(fields, rawFields),
  body,
});
export const base256 = (value: bigint, length: number): Buffer => {
  const field = Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
  if (value >= 0n) field[0] = (field[0] as number) | 0x80;
  return field;
};
export const zip = (gzip: (tar: Buffer) => Buffer) => make([file('a.bin', CONTENT), file('z.md')], { gzip });
