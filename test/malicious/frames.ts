/** What stands around the tar: gzip members, ends, garbage, and bombs. */
import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { file, inOrder } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { plainMember, tarMember } from '../archives/gzip-member.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { END_OF_TAR, paxHeader, ustarHeader } from '../archives/tar-bytes.ts';
import { type Attack, BASE, deflateBomb, foreign, sealed } from './attack.ts';

const valid = (): Buffer => buildSnapshot(inOrder(BASE));
const plain = (): Buffer => buildForeign(BASE);

/** The tar of the valid plain archive. */
function plainTar(): Buffer {
  let whole: Buffer = Buffer.alloc(0);
  buildForeign(BASE, {
    gzip: (tar) => {
      whole = tar;
      return tar;
    },
  });
  return whole;
}

const gzipped = (gzip: (tar: Buffer) => Buffer): Attack => foreign([], { gzip });
const member = (change: (raw: Buffer) => Buffer): Attack =>
  sealed([], { member: (_plain, _number, raw) => change(raw) });
const whole = (form: keyof Attack, bytes: () => Buffer): Attack => ({ [form]: bytes });

/** Raw deflate data of the bytes, with a run of zeros behind them that costs next to nothing. */
function withZerosBehind(bytes: Buffer, mebibytes: number): Buffer {
  return Buffer.concat([deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH }), deflateBomb(mebibytes, '\0')]);
}

export const FRAMES = {
  // Files that are something else.
  'empty file': whole('foreign', () => Buffer.alloc(0)),
  'one byte': whole('foreign', () => Buffer.from([0x1f])),
  'text file': whole('foreign', () => Buffer.from('This is not an archive.\n'.repeat(40))),
  'tar that is not compressed': whole('foreign', plainTar),
  'zstd magic': whole('foreign', () => Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(600)])),
  'zstd magic within gzip': gzipped(() => gzipSync(Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(600)]))),
  'gzip of nothing': gzipped(() => gzipSync(Buffer.alloc(0))),
  'gzip of text': gzipped(() => gzipSync('This is not a tar.\n'.repeat(60))),
  'gzip within gzip': gzipped((tar) => gzipSync(gzipSync(tar, { level: 0 }))),
  'tar of two zero blocks': gzipped(() => gzipSync(END_OF_TAR)),
  'gzip with a method that nobody defined': gzipped((tar) =>
    plainMember(tar, { header: Buffer.from('1f8b0900000000000003', 'hex') }),
  ),
  'gzip with reserved flags': gzipped((tar) =>
    plainMember(tar, { header: Buffer.from('1f8b08e0000000000003', 'hex') }),
  ),
  'gzip with another CRC-32': gzipped((tar) => plainMember(tar, { crc: 1 })),
  'gzip with another length': gzipped((tar) => plainMember(tar, { isize: tar.length + 1 })),
  'gzip with deflate data that is none': gzipped((tar) => plainMember(tar, { deflate: Buffer.alloc(100, 0xff) })),

  // Ends.
  'gzip cut in the middle': gzipped((tar) => plainMember(tar).subarray(0, 300)),
  'gzip cut before its trailer': gzipped((tar) => plainMember(tar).subarray(0, -8)),
  'gzip cut in its header': gzipped((tar) => plainMember(tar).subarray(0, 7)),
  'tar without its end': foreign([], { end: Buffer.alloc(0) }),
  'tar with half of its end': foreign([], { end: Buffer.alloc(512) }),
  'tar cut in a header': gzipped((tar) => plainMember(tar.subarray(0, -1024 - 512 - 200))),
  'tar cut in a content': gzipped((tar) => plainMember(tar.subarray(0, -1024 - 100))),
  'tar cut to its manifest': gzipped((tar) => plainMember(tar.subarray(0, 1024))),
  'zero block in the middle': foreign([{ path: 'zero', type: 'f', header: Buffer.alloc(512) }, file('z')]),
  'entries behind the end': foreign([{ path: 'zero', type: 'f', header: END_OF_TAR }, file('z')]),
  'garbage behind the tar': foreign([], { end: Buffer.concat([END_OF_TAR, Buffer.alloc(64 * 1024, 'x')]) }),
  'garbage behind the gzip': gzipped((tar) => Buffer.concat([plainMember(tar), Buffer.from('garbage')])),
  'zero and garbage behind the gzip': gzipped((tar) => Buffer.concat([plainMember(tar), Buffer.from('\0garbage')])),
  'zeros and a second archive behind the gzip': gzipped((tar) =>
    Buffer.concat([plainMember(tar), Buffer.alloc(512), plainMember(tar)]),
  ),
  'second archive behind the first': whole('foreign', () => Buffer.concat([plain(), plain()])),
  'snapshot behind an archive': whole('foreign', () => Buffer.concat([plain(), valid()])),
  'archive behind a snapshot': whole('sealed', () => Buffer.concat([valid(), plain()])),
  'snapshot behind a snapshot': whole('sealed', () => Buffer.concat([valid(), valid()])),
  'garbage behind the seal': whole('sealed', () => Buffer.concat([valid(), Buffer.from('garbage')])),
  'zeros behind the seal': whole('sealed', () => Buffer.concat([valid(), Buffer.alloc(4096)])),
  'seal behind the seal': whole('sealed', () => Buffer.concat([valid(), valid().subarray(-124)])),
  'snapshot without its seal': whole('sealed', () => valid().subarray(0, -124)),
  'snapshot without its last byte': whole('sealed', () => valid().subarray(0, -1)),
  'snapshot cut behind its manifest': whole('sealed', () => valid().subarray(0, valid().readUInt32LE(17))),
  'snapshot without its first byte': whole('sealed', () => valid().subarray(1)),
  'bytes missing from the middle': whole('sealed', () => {
    const bytes = valid();
    return Buffer.concat([bytes.subarray(0, 1300), bytes.subarray(1310)]);
  }),
  'seal behind a plain archive': whole('sealed', () => Buffer.concat([plain(), valid().subarray(-124)])),

  // Members.
  'garbage before the first member': whole('sealed', () => Buffer.concat([Buffer.from('garbage'), valid()])),
  'garbage between members': sealed([], {
    member: (plainMember) => Buffer.concat([plainMember, Buffer.from('garbage')]),
  }),
  'empty member between members': sealed([], {
    member: (plainMember) => Buffer.concat([plainMember, gzipSync(Buffer.alloc(0))]),
  }),
  'member with a time': member((raw) => tarMember('D', raw, { header: Buffer.from('1f8b08040100000000ff', 'hex') })),
  'member with a file name': member((raw) =>
    tarMember('D', raw, { header: Buffer.from('1f8b080c0000000000ff', 'hex') }),
  ),
  'member with another extra field': member((raw) => tarMember('D', raw, { tag: 'XO' })),
  'member of kind M among the D': member((raw) => tarMember('M', raw)),
  'member that says it is longer': member((raw) => tarMember('D', raw, { length: 2 ** 31 })),
  'member that says it has no length': member((raw) => tarMember('D', raw, { length: 0 })),
  'member with another CRC-32': member((raw) => tarMember('D', raw, { crc: 1 })),
  'member with another ISIZE': member((raw) => tarMember('D', raw, { isize: 1 })),
  'member with deflate data that is none': member((raw) => tarMember('D', raw, { deflate: Buffer.alloc(50, 0xff) })),
  'member with deflate data without an end': member((raw) =>
    tarMember('D', raw, { deflate: deflateRawSync(raw, { finishFlush: constants.Z_SYNC_FLUSH }) }),
  ),
  'member with bytes behind its deflate data': member((raw) =>
    tarMember('D', raw, { deflate: Buffer.concat([deflateRawSync(raw), Buffer.from('more')]) }),
  ),
  'member that inflates to a block less': member((raw) => tarMember('D', raw.subarray(0, -512))),
  'member that inflates to a block more': member((raw) => tarMember('D', Buffer.concat([raw, Buffer.alloc(512)]))),
  'member that inflates to 1 GiB more': member((raw) => tarMember('D', raw, { deflate: withZerosBehind(raw, 1024) })),
  'end that is deflated': sealed([], {
    end: tarMember('E', END_OF_TAR, { deflate: deflateRawSync(END_OF_TAR) }),
  }),
  'end of one zero block': sealed([], { end: tarMember('E', Buffer.alloc(512)) }),
  'end of three zero blocks': sealed([], { end: tarMember('E', Buffer.alloc(1536)) }),
  'end that is not zero': sealed([], { end: tarMember('E', Buffer.alloc(1024, 1)) }),
  'end with an entry before it': sealed([], {
    end: tarMember('E', Buffer.concat([ustarHeader({ path: 'evil' }), END_OF_TAR])),
  }),
  'end with another CRC-32': sealed([], { end: tarMember('E', END_OF_TAR, { crc: 1 }) }),
  'end missing': sealed([], { end: Buffer.alloc(0) }),

  // Bombs.
  '1 GiB of zeros behind the end': gzipped((tar) => {
    const zeros = Buffer.alloc(2 ** 20);
    const crc = Array<Buffer>(1024)
      .fill(zeros)
      .reduce((sum, bytes) => crc32(bytes, sum), crc32(tar));
    return plainMember(tar, { deflate: withZerosBehind(tar, 1024), crc, isize: tar.length + 2 ** 30 });
  }),
  '10,000 pax headers for one entry': foreign([
    {
      path: 'evil',
      type: 'f',
      header: Buffer.concat([
        ...Array<Buffer>(10_000).fill(paxHeader([['mtime', '1']])),
        ustarHeader({ path: 'evil' }),
      ]),
    },
  ]),
} satisfies Record<string, Attack>;
