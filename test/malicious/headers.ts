/** Types, modes and sizes that are not allowed, and headers that say one thing and mean another. */
import { directory, type Entry, file, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import {
  gnuLong,
  type PaxRecord,
  padded,
  paxHeader,
  paxHeaderOf,
  type RawFields,
  ustarHeader,
  validHeader,
} from '../archives/tar-bytes.ts';
import { type Attack, BASE, foreign, sealed } from './attack.ts';

/** An entry that the tar gives this type flag and the index calls a file. */
function ofType(flag: string, size = 0): Attack {
  const entry = file('evil', Buffer.alloc(size), { tar: { type: flag } });
  return { ...sealed([entry]), ...foreign([entry]) };
}

/** A file of the index whose fields in the tar are these bytes. */
function withFields(raw: RawFields, content = ''): Attack {
  const size = content.length;
  const entry = file('evil', content, { header: ustarHeader({ path: 'evil', size }, raw) });
  return { ...sealed([entry]), ...foreign([entry]) };
}

/** A file behind these blocks; in the index it is just a file. */
function behind(blocks: Buffer, header = ustarHeader({ path: 'evil' })): Attack {
  const entry = file('evil', '', { header: Buffer.concat([blocks, header]) });
  return { ...sealed([entry]), ...foreign([entry]) };
}

const pax = (...records: PaxRecord[]): Attack => behind(paxHeader(records));
const paxBody = (body: string): Attack => behind(paxHeaderOf(Buffer.from(body)));

/** A header for something that must not appear, to stand where content is expected, or the other way. */
const SMUGGLED = ustarHeader({ path: '../evil' });

function withMode(entry: Entry): Attack {
  return { ...sealed([entry]), ...foreign([entry]) };
}

/** `size` in GNU's base-256. */
function base256(hex: string): Buffer {
  const field = Buffer.from(hex.padStart(24, '0'), 'hex');
  field[0] = 0x80;
  return field;
}

export const HEADERS = {
  'character device': ofType('3'),
  'block device': ofType('4'),
  FIFO: ofType('6'),
  'contiguous file': ofType('7', 10),
  'socket, as some write it': ofType('s'),
  'type A (Solaris ACL)': ofType('A', 10),
  'type D (GNU directory listing)': ofType('D', 10),
  'type M (GNU continuation of another volume)': ofType('M', 10),
  'type N (old GNU long name)': ofType('N', 10),
  'type S (GNU sparse file)': ofType('S', 10),
  'type V (GNU volume label)': ofType('V'),
  'type X (Solaris pax header)': ofType('X', 512),
  'type Z, which nobody defined': ofType('Z', 10),
  'type beyond ASCII': {
    foreign: () =>
      buildForeign([
        ...BASE,
        { path: 'evil', type: 'f', header: ustarHeader({ path: 'evil' }, { type: Buffer.from([0xe9]) }) },
      ]),
  },
  'device in the index': sealed([file('evil', '', { tar: { type: '3' } })], {
    columns: (columns) => {
      columns.type = `c${columns.type.slice(1)}`;
    },
  }),

  'set-user-id file': withMode(file('evil', 'x', { mode: 0o4755 })),
  'set-group-id file': withMode(file('evil', 'x', { mode: 0o2755 })),
  'set-user-id directory': withMode(directory('evil', { mode: 0o4755 })),
  'set-user-id in the tar alone': sealed([file('evil', 'x', { tar: { mode: 0o4644 } })]),
  'mode of more than twelve bits': sealed([file('evil', 'x', { mode: 0o100644 })]),

  'negative size': withFields({ size: '-0000000512\0' }),
  'negative size in base 256': withFields({ size: Buffer.alloc(12, 0xff) }),
  'size of 2^80 in base 256': withFields({ size: base256((2n ** 80n).toString(16)) }),
  'size without a digit': withFields({ size: ' '.repeat(12) }, 'body'),
  'size of NULs': withFields({ size: Buffer.alloc(12) }, 'body'),
  'size in decimal': withFields({ size: '00000000999\0' }),
  'size in hexadecimal': withFields({ size: '0x000000200\0' }),
  'size with letters behind': withFields({ size: '0000000512z\0' }),
  'size of 8 GiB less one, with nothing there': withFields({ size: '77777777777\0' }),
  'size of 32 TiB, with nothing there': withFields({ size: base256((2n ** 45n).toString(16)) }),
  'size one less in the tar': sealed([file('evil', 'twenty characters!!!', { tar: { size: 19 } })]),
  'size one more in the tar': sealed([file('evil', 'twenty characters!!!', { tar: { size: 21 } })]),
  'directory with a body': {
    ...sealed([directory('evil', { tar: { size: 512 }, body: SMUGGLED })]),
    ...foreign([directory('evil', { tar: { size: 512 }, body: SMUGGLED })]),
  },
  'mode without a digit': withFields({ mode: '        ' }),
  'mode that is not octal': withFields({ mode: '000099z\0' }),
  'time that is not octal': withFields({ mtime: 'yesterday  \0' }),
  'wrong checksum': withFields({ checksum: '0000000\0' }),
  'checksum without a digit': withFields({ checksum: '        ' }),
  'header of random bytes': {
    ...sealed([file('evil', '', { header: Buffer.alloc(512, 'garbage ') })]),
    ...foreign([file('evil', '', { header: Buffer.alloc(512, 'garbage ') })]),
  },
  'padding that is not zero': sealed([file('evil', 'x', { body: Buffer.alloc(512, 'x') })]),

  'GNU long name to the outside': behind(gnuLong('L', `../${'n'.repeat(120)}`)),
  'GNU long name in a sealed snapshot': sealed([
    file('n'.repeat(120), '', {
      header: Buffer.concat([gnuLong('L', 'n'.repeat(120)), ustarHeader({ path: 'n'.repeat(100) })]),
    }),
  ]),
  'GNU long name twice': behind(Buffer.concat([gnuLong('L', 'a'), gnuLong('L', 'b')])),
  'GNU long name with nothing behind': {
    foreign: () => buildForeign([...BASE, { path: 'x', type: 'f', header: gnuLong('L', 'a') }]),
  },
  'GNU long name of 2 MiB': foreign([
    {
      path: 'evil',
      type: 'f',
      header: Buffer.concat([gnuLong('L', 'n'.repeat(2 ** 21)), ustarHeader({ path: 'evil' })]),
    },
  ]),
  'GNU long name against pax': behind(Buffer.concat([gnuLong('L', 'one'), paxHeader([['path', 'two']])])),
  'pax size over ustar size': {
    ...sealed([
      file('evil', '', { header: Buffer.concat([paxHeader([['size', '512']]), ustarHeader({ path: 'evil' })]) }),
    ]),
    ...foreign([
      file('evil', '', {
        header: Buffer.concat([paxHeader([['size', '512']]), ustarHeader({ path: 'evil' })]),
        body: SMUGGLED,
      }),
    ]),
  },
  'ustar size over pax size': {
    ...foreign([
      file('evil', '', {
        header: Buffer.concat([paxHeader([['size', '0']]), ustarHeader({ path: 'evil', size: 512 })]),
        body: SMUGGLED,
      }),
    ]),
  },
  'pax header twice': behind(Buffer.concat([paxHeader([['path', 'one']]), paxHeader([['path', 'two']])])),
  'pax header with nothing behind': {
    foreign: () => buildForeign([...BASE, { path: 'x', type: 'f', header: paxHeader([['path', 'x']]) }]),
  },
  'pax header for all that follow': behind(paxHeader([['path', '../evil']], 'g')),
  'pax path empty': pax(['path', '']),
  'pax path twice': pax(['path', 'evil'], ['path', '../evil']),
  'pax size negative': pax(['size', '-1']),
  'pax size empty': pax(['size', '']),
  'pax size with an exponent': pax(['size', '1e3']),
  'pax size of 2^64': pax(['size', '18446744073709551616']),
  'pax time without a digit': pax(['mtime', 'never']),
  'pax time of 1e400': pax(['mtime', '1e400']),
  'pax uid negative': pax(['uid', '-1']),
  'pax sparse file': pax(
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', '../evil'],
    ['GNU.sparse.realsize', '9'],
  ),
  'pax record longer than the header': paxBody('99 path=evil\n'),
  'pax record shorter than itself': paxBody('5 path=evil\n'),
  'pax record of length 0': paxBody('0 path=evil\n'),
  'pax record of a negative length': paxBody('-13 path=evil\n'),
  'pax record of a length with leading zeros': paxBody(`${'0'.repeat(300)}311 path=e\n`),
  'pax record without a length': paxBody('path=evil\n'),
  'pax record without an equals sign': paxBody('10 patha\n\n'),
  'pax record without a newline': paxBody('12 path=evil'),
  'pax record that ends in the middle of the next': paxBody('14 path=evil\n13 path=evil\n'),
  'pax records of 2 MiB': behind(paxHeaderOf(Buffer.from(`${2 ** 21} comment=${'c'.repeat(2 ** 21 - 17)}\n`))),
  'pax records of 8 GiB, with nothing there': behind(
    ustarHeader({ path: 'PaxHeader', type: 'x' }, { size: '77777777777\0' }),
    Buffer.alloc(0),
  ),
  'pax header of 100,000 records': behind(paxHeaderOf(Buffer.from('13 comment=x\n'.repeat(100_000)))),
  'pax name that replaces the one of the index': sealed([
    file('innocent', '', {
      header: Buffer.concat([paxHeader([['path', 'notes2.md']]), validHeader({ path: 'innocent' })]),
    }),
  ]),
  'content of another entry': sealed([file('evil', 'one', { body: padded(Buffer.from('two')) })]),
  'link target of another link': sealed([symlink('evil', 'notes.md', { tar: { linkpath: 'memory' } })]),
} satisfies Record<string, Attack>;
