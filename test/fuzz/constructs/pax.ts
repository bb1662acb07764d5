/** Pax headers and their records. */
import { file } from '../../archives/entry.ts';
import { gnuLong, paxHeader, paxHeaderOf, paxRecord, ustarHeader } from '../../archives/tar-bytes.ts';
import { base256, entry, GNU, LONG, make, pax, paxBody, paxWith, raw, V7 } from './make.ts';

export const PAX: Record<string, () => Buffer> = {
  'pax padding that is not zero': raw(
    {},
    {},
    (() => {
      const header = paxHeader([['mtime', '1']]);
      paxRecord(['path', 'evil.bin']).copy(header, 512 + paxRecord(['mtime', '1']).length);
      return header;
    })(),
  ),
  'pax padding of letters': raw(
    {},
    {},
    (() => {
      const header = paxHeader([['mtime', '1']]);
      header.fill('x', 600);
      return header;
    })(),
  ),
  'pax path': pax([['path', 'b.bin']]),
  'pax path that is long': pax([['path', LONG]], { path: LONG.slice(0, 100) }),
  'pax path twice': pax([
    ['path', 'b.bin'],
    ['path', 'c.bin'],
  ]),
  'pax path that is empty': pax([['path', '']]),
  'pax path that ends in a slash': pax([['path', 'b.bin/']]),
  'pax path with ./': pax([['path', './b.bin']]),
  'pax path with a newline': pax([['path', 'b\nc.bin']]),
  'pax path that is not UTF-8': pax([['path', Buffer.from([0x62, 0xff])]]),
  'pax path with a NUL': pax([['path', 'b.bin\0x']]),
  'pax path with blanks around': pax([['path', ' b.bin ']]),
  'pax path and a name with a slash': pax([['path', 'b.bin']], { path: 'a.bin/' }),
  'type NUL and a name with a slash': make([entry({ path: 'a.bin/', type: '\0' }), file('z.md')]),
  'type 0 and a name with a slash': make([entry({ path: 'a.bin/', type: '0' }), file('z.md')]),
  'type 0 and a name with a slash and content': raw({}, { path: 'a.bin/' }),
  'type NUL and a name with a slash under pax path': raw(
    {},
    { path: 'a.bin/', type: '\0' },
    paxHeader([['path', 'b.bin']]),
  ),
  'type NUL and a name with a slash under GNU long name': raw(
    {},
    { path: 'a.bin/', type: '\0' },
    gnuLong('L', 'b.bin'),
  ),
  'type NUL and pax path with a slash': raw({}, { type: '\0' }, paxHeader([['path', 'b.bin/']])),
  'type NUL': raw({}, { type: '\0' }),
  'pax size': pax([['size', '18']]),
  'pax size that is another': pax([['size', '512']]),
  'pax size, header 0': pax([['size', '18']], { size: 0 }),
  'pax size twice': pax([
    ['size', '18'],
    ['size', '18'],
  ]),
  'pax size with leading zeros': pax([['size', '00018']]),
  'pax size with a blank': pax([['size', ' 18']]),
  'pax uid': pax([['uid', '5']]),
  'pax uid over junk': pax([['uid', '5']], {}, { uid: 'junkjunk' }),
  'pax uid over NULs': pax([['uid', '5']], {}, { uid: '' }),
  'pax uid that octal cannot hold': pax([['uid', '3000000']], { uid: 0 }),
  'pax uid of 2^31': pax([['uid', '2147483648']], { uid: 0 }),
  'pax uid of 2^32 - 1': pax([['uid', '4294967295']], { uid: 0 }),
  'pax uid beyond 32 bits': pax([['uid', '4294967301']]),
  'pax uid with leading zeros': pax([['uid', '0010']]),
  'pax uid with a fraction': pax([['uid', '5.5']]),
  'pax gid': pax([['gid', '5']]),
  'pax mtime over junk': pax([['mtime', '1770000000']], {}, { mtime: 'junkjunkjunk' }),
  'pax mtime with a fraction': pax([['mtime', '1770000000.123456789']]),
  'pax mtime negative': pax([['mtime', '-5.25']]),
  'pax mtime of letters': pax([['mtime', 'now']]),
  'pax mtime in exponents': pax([['mtime', '1e9']]),
  'pax atime and ctime': pax([
    ['atime', '1770000000.1'],
    ['ctime', '1770000000.1'],
  ]),
  'pax atime of letters': pax([['atime', 'junk']]),
  'pax uname and gname': pax([
    ['uname', 'nobody'],
    ['gname', 'nogroup'],
  ]),
  'pax uname that is empty': pax([['uname', '']]),
  'pax comment': pax([['comment', 'hello']]),
  'pax linkpath on a file': pax([['linkpath', 'notes.md']]),
  'pax linkpath on a link': make([
    {
      ...entry({ path: 'l', type: '2', linkpath: 'x' }),
      header: Buffer.concat([
        paxHeader([['linkpath', 'notes.md']]),
        ustarHeader({ path: 'l', type: '2', linkpath: 'x' }),
      ]),
    },
  ]),
  'pax linkpath on a hard link': make([
    {
      ...entry({}),
      header: Buffer.concat([
        paxHeader([['linkpath', 'notes.md']]),
        ustarHeader({ path: 'h', type: '1', linkpath: 'memory/facts/b.md' }),
      ]),
    },
  ]),
  'pax hdrcharset BINARY': pax([
    ['hdrcharset', 'BINARY'],
    ['path', Buffer.from([0x62, 0xff])],
  ]),
  'pax hdrcharset UTF-8': pax([
    ['hdrcharset', 'ISO-IR 10646 2000 UTF-8'],
    ['path', 'b.bin'],
  ]),
  'pax charset': pax([['charset', 'BINARY']]),
  'pax GNU.sparse 0.0': pax([
    ['GNU.sparse.size', '1000'],
    ['GNU.sparse.numblocks', '1'],
    ['GNU.sparse.offset', '100'],
    ['GNU.sparse.numbytes', '18'],
  ]),
  'pax GNU.sparse 0.1': pax([
    ['GNU.sparse.size', '1000'],
    ['GNU.sparse.numblocks', '1'],
    ['GNU.sparse.map', '100,18'],
  ]),
  'pax GNU.sparse 1.0': pax([
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 'b.bin'],
    ['GNU.sparse.realsize', '1000'],
  ]),
  'pax GNU.sparse.name alone': pax([['GNU.sparse.name', 'b.bin']]),
  'pax SCHILY.realsize': pax([['SCHILY.realsize', '1000']]),
  'pax SCHILY.xattr': pax([['SCHILY.xattr.user.test', 'value']]),
  'pax SCHILY.xattr, binary': pax([['SCHILY.xattr.com.apple.FinderInfo', Buffer.from([0, 1, 0xff, 10, 61, 0, 7])]]),
  'pax LIBARCHIVE.xattr': pax([['LIBARCHIVE.xattr.user.test', 'dmFsdWU']]),
  'pax LIBARCHIVE.xattr and SCHILY.xattr': pax([
    ['LIBARCHIVE.xattr.com.apple.quarantine', 'MDA4Mw'],
    ['SCHILY.xattr.com.apple.quarantine', '0083'],
  ]),
  'pax LIBARCHIVE.xattr, percent-encoded': pax([['LIBARCHIVE.xattr.com.apple.%F0', 'dmFsdWU']]),
  'pax SCHILY.xattr security.capability': pax([
    ['SCHILY.xattr.security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')],
  ]),
  'pax SCHILY.xattr posix_acl': pax([['SCHILY.xattr.system.posix_acl_access', 'x']]),
  'pax SCHILY.acl.access': pax([['SCHILY.acl.access', 'user::rw-,group::r--,other::r--']]),
  'pax SCHILY.acl.access that grants more': pax([
    ['SCHILY.acl.access', 'user::rwx,user:nobody:rwx,group::rwx,mask::rwx,other::rwx'],
  ]),
  'pax SCHILY.fflags': pax([['SCHILY.fflags', 'nodump']]),
  'pax SCHILY.dev, ino, nlink': pax([
    ['SCHILY.dev', '5'],
    ['SCHILY.ino', '7'],
    ['SCHILY.nlink', '1'],
  ]),
  'pax SCHILY.devmajor': pax([['SCHILY.devmajor', '5']]),
  'pax SCHILY.filetype': pax([['SCHILY.filetype', 'symlink']]),
  'pax LIBARCHIVE.creationtime': pax([['LIBARCHIVE.creationtime', '1770000000.5']]),
  'pax LIBARCHIVE.symlinktype': pax([['LIBARCHIVE.symlinktype', 'file']]),
  'pax RHT.security.selinux': pax([['RHT.security.selinux', 'unconfined_u:object_r:user_home_t:s0\0']]),
  'pax SUN.holesdata': pax([['SUN.holesdata', '0 18 1000']]),
  'pax MSWINDOWS.fileattr': pax([['MSWINDOWS.fileattr', '32']]),
  'pax mode': pax([['mode', '4755']]),
  'pax unknown record': pax([['OXIOS.note', 'x']]),
  'pax header of nothing': raw({}, {}, paxHeaderOf(Buffer.alloc(0))),
  'pax record without a newline': paxBody('11 path=b.b'),
  'pax record of a wrong length': paxBody('99 path=b.bin\n'),
  'pax record without an equals sign': paxBody('7 pathx\n'),
  'pax record with a leading zero': paxBody('014 path=b.bin\n'),
  'pax record with a blank before it': paxBody(' 14 path=b.bin\n'),
  'pax record with an empty key': pax([['', 'x']]),
  'pax body with NUL behind the records': paxBody(Buffer.concat([paxRecord(['path', 'b.bin']), Buffer.alloc(20)])),
  'pax body with newlines behind the records': paxBody(
    Buffer.concat([paxRecord(['path', 'b.bin']), Buffer.from('\n\n')]),
  ),
  'pax header twice': raw({}, {}, Buffer.concat([paxHeader([['path', 'b.bin']]), paxHeader([['mtime', '1']])])),
  'pax header without a name of its own': paxWith({}, { path: '' }),
  'empty name under pax path': raw({ name: '' }, {}, paxHeader([['path', 'b.bin']])),
  'pax header with a path of its own': paxWith({}, { path: 'PaxHeaders.0/a.bin' }),
  'pax header with a size in base-256': paxWith({ size: base256(14n, 12) }),
  'pax header with a size that begins with NUL': paxWith({ size: '\x0000000000016' }),
  'pax header with a link name': paxWith({ linkname: 'x' }),
  'pax header with a prefix': paxWith({ prefix: 'x' }),
  'pax header under GNU magic': paxWith(GNU),
  'pax header, v7': paxWith(V7),
  'pax header of type X': paxWith({}, {}, 'X'),
  'pax header with junk in its numbers': paxWith({ uid: 'junkjunk', mtime: 'junkjunkjunk', mode: 'junkjunk' }),
  'pax header of 70 KiB': pax([['comment', 'x'.repeat(70_000)]]),
  'pax header of 2 MiB': pax([['comment', 'x'.repeat(2 ** 21)]]),
  'global pax header, comment': raw({}, {}, paxHeader([['comment', 'c0ffee']], 'g')),
  'global pax header, mtime': raw({}, {}, paxHeader([['mtime', '5']], 'g')),
  'global pax header, path': raw({}, {}, paxHeader([['path', 'b.bin']], 'g')),
  'global pax header, size': raw({}, {}, paxHeader([['size', '512']], 'g')),
  'global pax header, uid': raw({}, {}, paxHeader([['uid', '5']], 'g')),
  'global pax header between pax header and entry': raw(
    {},
    {},
    Buffer.concat([paxHeader([['path', 'b.bin']]), paxHeader([['comment', 'x']], 'g')]),
  ),
  'global pax header first of all': make([file('a.bin')], {
    manifestTar: (tar) => Buffer.concat([paxHeader([['comment', 'c0ffee']], 'g'), tar]),
  }),
  'pax header behind the last entry': make([{ ...entry({}), header: paxHeader([['path', 'x']]) }]),

  'malformed pax header behind the last entry': make([{ ...entry({}), header: paxHeaderOf(Buffer.from('7 pathx\n')) }]),
  'global pax header behind the last entry': make([{ ...entry({}), header: paxHeader([['comment', 'x']], 'g') }]),
  'pax mtime beyond all calendars': pax([['mtime', '99999999999999']]),
  'pax comment with a record behind blanks': pax([['comment', 'x\n \t+021 path=evil.bin\n']]),
  'pax comment with a record of another length': pax([['comment', 'x\n18 path=evil.bin\n']]),
  'pax xattr that is no UTF-8 and holds a record': pax([
    [
      'SCHILY.xattr.user.x',
      Buffer.concat([Buffer.from('x\n19 path='), Buffer.from([0xff, 0xff]), Buffer.from('evil')]),
    ],
  ]),
  'pax path over a name that is not UTF-8': pax([['path', 'b.bin']], {}, { name: Buffer.from([0x61, 0xff]) }),
  'pax path over a name with junk behind its NUL': pax([['path', 'b.bin']], {}, { name: 'a.bin\0evil' }),
  'pax comment that holds a record': pax([['comment', 'x\n17 path=evil.bin\n']]),
  'pax comment of several lines': pax([['comment', 'one\ntwo\n']]),
  'pax xattr that holds a record': pax([['SCHILY.xattr.user.x', 'x\n17 path=evil.bin\n']]),
  'pax comment that names a charset': pax([['comment', '21 hdrcharset=BINARY\n']]),
  'pax hdrcharset BINARY of UTF-8': pax([
    ['hdrcharset', 'BINARY'],
    ['path', 'é.bin'],
  ]),
  'pax header of 1000 KiB': pax([['comment', 'x'.repeat(1_000_000)]]),
  'pax header for the manifest': make([file('a.bin')], {
    manifestTar: (tar) => Buffer.concat([paxHeader([['comment', 'x']]), tar]),
  }),
};
