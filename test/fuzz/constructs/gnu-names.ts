/** GNU tar's long names, alone and beside pax headers. */
import { gnuLong, padded, paxHeader, ustarHeader } from '../../archives/tar-bytes.ts';
import { CONTENT, entry, GNU, LONG, make, raw } from './make.ts';

export const GNU_NAMES: Record<string, () => Buffer> = {
  'GNU long name': raw(GNU, { path: LONG.slice(0, 100) }, gnuLong('L', LONG)),
  'GNU long name that is short': raw(GNU, {}, gnuLong('L', 'b.bin')),
  'GNU long name before a ustar header': raw({}, {}, gnuLong('L', 'b.bin')),
  'GNU long name without a NUL': raw(
    GNU,
    {},
    Buffer.concat([
      ustarHeader({ path: '././@LongLink', type: 'L', size: 5, mtime: 0 }, GNU),
      padded(Buffer.from('b.bin')),
    ]),
  ),
  'GNU long name with junk behind its NUL': raw(GNU, {}, gnuLong('L', 'b.bin\0evil')),
  'GNU long name with NULs behind': raw(GNU, {}, gnuLong('L', 'b.bin\0\0')),
  'GNU long name with junk in its padding': raw(
    GNU,
    {},
    (() => {
      const long = gnuLong('L', 'b.bin');
      long.write('evil', 600);
      return long;
    })(),
  ),
  'GNU long name of another name': raw(
    GNU,
    {},
    Buffer.concat([ustarHeader({ path: 'other', type: 'L', size: 6, mtime: 0 }, GNU), padded(Buffer.from('b.bin\0'))]),
  ),
  'GNU long name under ustar magic': raw(
    GNU,
    {},
    Buffer.concat([
      ustarHeader({ path: '././@LongLink', type: 'L', size: 6, mtime: 0 }),
      padded(Buffer.from('b.bin\0')),
    ]),
  ),
  'GNU long name twice': raw(GNU, {}, Buffer.concat([gnuLong('L', 'b.bin'), gnuLong('L', 'c.bin')])),
  'GNU long name that ends in a slash': raw(GNU, {}, gnuLong('L', 'b.bin/')),
  'GNU long name of a directory': make([
    {
      ...entry({}),
      header: Buffer.concat([gnuLong('L', `${LONG}/`), ustarHeader({ path: LONG.slice(0, 100), type: '5' }, GNU)]),
    },
  ]),
  'GNU long name of a directory, without a slash': make([
    {
      ...entry({}),
      header: Buffer.concat([gnuLong('L', LONG), ustarHeader({ path: LONG.slice(0, 100), type: '5' }, GNU)]),
    },
  ]),
  'GNU long name that is not UTF-8': raw(GNU, {}, gnuLong('L', Buffer.from([0x62, 0xff]))),
  'GNU long link and name': make([
    {
      ...entry({}),
      header: Buffer.concat([
        gnuLong('K', `${LONG}x`),
        gnuLong('L', LONG),
        ustarHeader({ path: LONG.slice(0, 100), type: '2', linkpath: 'x' }, GNU),
      ]),
    },
  ]),
  'GNU long name and link': make([
    {
      ...entry({}),
      header: Buffer.concat([
        gnuLong('L', LONG),
        gnuLong('K', `${LONG}x`),
        ustarHeader({ path: LONG.slice(0, 100), type: '2', linkpath: 'x' }, GNU),
      ]),
    },
  ]),
  'GNU long link on a file': raw(GNU, {}, gnuLong('K', 'notes.md')),
  'GNU long link on a hard link': make([
    {
      ...entry({}),
      header: Buffer.concat([gnuLong('K', 'notes.md'), ustarHeader({ path: 'h', type: '1', linkpath: 'x' }, GNU)]),
    },
  ]),
  'GNU long link whose own header has a target': make([
    {
      ...entry({}),
      header: Buffer.concat([
        ustarHeader(
          { path: '././@LongLink', type: 'K', size: LONG.length + 1, mtime: 0, linkpath: LONG.slice(0, 100) },
          GNU,
        ),
        padded(Buffer.from(`${LONG}\0`)),
        ustarHeader({ path: 'l', type: '2', linkpath: LONG.slice(0, 100) }, GNU),
      ]),
    },
  ]),
  'GNU long name and pax path': raw({}, {}, Buffer.concat([gnuLong('L', 'b.bin'), paxHeader([['path', 'c.bin']])])),
  'pax path and GNU long name': raw({}, {}, Buffer.concat([paxHeader([['path', 'c.bin']]), gnuLong('L', 'b.bin')])),
  'GNU long name and pax mtime': raw({}, {}, Buffer.concat([gnuLong('L', 'b.bin'), paxHeader([['mtime', '1']])])),
  'pax mtime and GNU long name': raw({}, {}, Buffer.concat([paxHeader([['mtime', '1']]), gnuLong('L', 'b.bin')])),
  'old GNU name list (type N)': make([entry({ path: '././@LongLink', type: 'N', size: 18 }, GNU, padded(CONTENT))]),
};
