/** Changes of one field each to the tar of an archive. Checksums are made anew, so that the field itself is what readers look at. */
import { padded, paxHeaderOf, paxRecord } from '../archives/tar-bytes.ts';

/** Numbers from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

export const pick = <Value>(values: readonly Value[], random: Random): Value => values[random(values.length)] as Value;

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers for the same seed, on every machine. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devices: [329, 16],
  prefix: [345, 155],
  rest: [500, 12],
} as const;

const PIECES = ['\0', ' ', '/', './', '../', '7', '0', '\x80', '\xff', 'x', '\n', '\\', ':', '-', 'a.bin'];
const RECORDS = ['path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'atime', 'uname', 'comment', 'hdrcharset'];
const MORE_RECORDS = ['GNU.sparse.name', 'GNU.sparse.size', 'SCHILY.xattr.user.x', 'SCHILY.realsize', 'SCHILY.fflags'];
const VALUES = ['', '0', '18', '512', '5', 'b.bin', 'b.bin/', './b.bin', '../b', '-1', '1.5', 'x\n14 path=b.bin\n'];

/** What a mutator does to the header block `block` of an entry: returns what stands there instead. */
export type Mutator = (block: Buffer, random: Random) => Buffer;

function changeField([offset, length]: readonly [number, number]): Mutator {
  return (block, random) => {
    const changed = Buffer.from(block);
    const at = offset + random(length);
    switch (random(4)) {
      case 0:
        changed[at] = (changed[at] as number) ^ (1 << random(8));
        break;
      case 1:
        changed.write(PIECES[random(PIECES.length)] as string, at, Math.max(1, offset + length - at), 'latin1');
        break;
      case 2:
        changed.fill([0, 0x20, 0x30][random(3)] as number, offset, offset + length);
        break;
      default: {
        // All of it a place on, which puts something before what was there.
        const field = Buffer.from(changed.subarray(offset, offset + length - 1));
        changed[offset] = [0, 0x20, 0x30, 0x31][random(4)] as number;
        field.copy(changed, offset + 1);
      }
    }
    if (offset !== FIELDS.checksum[0]) writeChecksum(changed);
    return changed;
  };
}

/** The same of a field that holds a number: half of the time the number that is there, written in another way. */
function changeNumber(field: readonly [number, number]): Mutator {
  const change = changeField(field);
  return (block, random) => (random(2) === 0 ? change(block, random) : spell(block, field, random));
}

function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Values that are right for a record of this name before this block, or might be. */
function fittingValues(key: string, block: Buffer, random: Random): string[] {
  const number = ([offset, length]: readonly [number, number]) =>
    String(Number.parseInt(block.toString('latin1', offset, offset + length), 8));
  switch (key) {
    case 'path':
    case 'linkpath':
      return ['a.bin', 'b.bin', './c.bin', 'memory/d', `${random(1e9)}`, 'é'.repeat(1 + random(80))];
    case 'size':
      return [number(FIELDS.size), `00${number(FIELDS.size)}`];
    case 'uid':
    case 'gid':
      return [number(FIELDS[key]), String(8 ** 7 + random(1e6)), String(random(2 ** 32))];
    case 'mtime':
    case 'atime':
      return [`${random(2 ** 31)}.${random(1e9)}`, `-${random(1e6)}.5`, `${random(1e15)}`];
    case 'hdrcharset':
      return ['BINARY', 'ISO-IR 10646 2000 UTF-8'];
    default:
      return [`${random(1e9)}`, 'é\nx', 'é=1', ''];
  }
}

function record(random: Random, keys: readonly string[], block: Buffer): Buffer {
  const key = pick(keys, random);
  return paxRecord([key, pick(random(3) > 0 ? fittingValues(key, block, random) : VALUES, random)]);
}

const before = (make: (random: Random, block: Buffer) => Buffer): Mutator => {
  return (block, random) => Buffer.concat([make(random, block), block]);
};

/** Ways to write a number of `length` bytes, of which readers take all or only some. */
const SPELLINGS: ((value: number, length: number) => string)[] = [
  (value, length) => `${value.toString(8).padStart(length - 1, ' ')}\0`,
  (value, length) => `${value.toString(8).padStart(length - 2, '0')}\0 `,
  (value, length) => value.toString(8).padStart(length, '0'),
  (value) => `${value.toString(8)} `,
  (value) => `${value.toString(8)}\0`,
  (value, length) => `\0${value.toString(8).padStart(length - 2, '0')}\0`,
  (value, length) => `+${value.toString(8).padStart(length - 2, '0')}\0`,
  (value, length) => `0x${value.toString(16).padStart(length - 3, '0')}\0`,
  (value, length) => `\x80${Buffer.from(value.toString(16).padStart((length - 1) * 2, '0'), 'hex').toString('latin1')}`,
];

const NUMBERS = ['mode', 'uid', 'gid', 'size', 'mtime'] as const;

/** The number that is there, written in another way. */
function spell(block: Buffer, [offset, length]: readonly [number, number], random: Random): Buffer {
  const changed = Buffer.from(block);
  const value = Number.parseInt(block.toString('latin1', offset, offset + length), 8);
  const text = pick(SPELLINGS, random)(value, length);
  changed.fill(0, offset, offset + length);
  changed.write(text, offset, length, 'latin1');
  if (offset !== FIELDS.checksum[0]) writeChecksum(changed);
  return changed;
}

const spellOtherwise: Mutator = (block, random) => spell(block, FIELDS[pick(NUMBERS, random)], random);

/** By what they change. */
export const HEADER_MUTATORS: Record<string, Mutator> = {
  ...Object.fromEntries(
    Object.entries(FIELDS).map(([name, place]) => [
      `field ${name}`,
      [...NUMBERS, 'checksum'].includes(name) ? changeNumber(place) : changeField(place),
    ]),
  ),
  'number spelled otherwise': spellOtherwise,
  'pax record': before((random, block) => paxHeaderOf(record(random, RECORDS, block))),
  'pax record of a vendor': before((random, block) => paxHeaderOf(record(random, MORE_RECORDS, block))),
  'pax records': before((random, block) =>
    paxHeaderOf(Buffer.concat([record(random, RECORDS, block), record(random, RECORDS, block)])),
  ),
  'pax record for all': before((random, block) =>
    paxHeaderOf(record(random, [...RECORDS, 'comment', 'comment'], block), 'g'),
  ),
  'pax header of two fields': before((random, block) => {
    const header = paxHeaderOf(record(random, ['comment', 'atime', 'mtime'], block));
    const changed = changeField(FIELDS[pick(Object.keys(FIELDS) as (keyof typeof FIELDS)[], random)])(
      header.subarray(0, 512),
      random,
    );
    return Buffer.concat([changed, header.subarray(512)]);
  }),
  'pax padding': before((random) => {
    const header = paxHeaderOf(paxRecord(['comment', 'x']));
    (random(2) === 0 ? paxRecord(['path', 'b.bin']) : Buffer.from('x')).copy(header, 530 + random(400));
    return header;
  }),
  'long name of GNU tar': before((random) => {
    const body = Buffer.from(`${pick([...VALUES, `${random(1e9)}`, 'é'.repeat(1 + random(99))], random)}\0`);
    const block = Buffer.from(paxHeaderOf(body).subarray(0, 512));
    block.write(random(3) === 0 ? 'K' : 'L', 156, 'latin1');
    block.write('ustar  \0', 257, 'latin1');
    writeChecksum(block);
    return Buffer.concat([block, padded(body)]);
  }),
  'GNU magic': (block) => {
    const changed = Buffer.from(block);
    changed.write('ustar  \0', 257, 'latin1');
    writeChecksum(changed);
    return changed;
  },
  'header twice': (block) => Buffer.concat([block, block]),
  'zero block before it': (block) => Buffer.concat([Buffer.alloc(512), block]),
};
