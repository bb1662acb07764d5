/** Magic, prefix, and what stands in the other fields of a header. */
import { file } from '../../archives/entry.ts';
import { gnuLong, ustarHeader } from '../../archives/tar-bytes.ts';
import { CONTENT, entry, GNU, make, pax, raw, V7 } from './make.ts';

export const HEADERS: Record<string, () => Buffer> = {
  'GNU magic': raw(GNU),
  'GNU magic with a prefix': raw({ ...GNU, prefix: 'sub' }),
  'GNU magic with times behind 345': raw({ ...GNU, prefix: '15000000000\x0015000000000\0' }),
  'GNU magic with an offset': raw({ ...GNU, prefix: Buffer.concat([Buffer.alloc(24), Buffer.from('00000001000\0')]) }),
  'GNU magic with isextended': raw({ ...GNU, prefix: Buffer.concat([Buffer.alloc(137), Buffer.from([1])]) }),
  'GNU magic with a real size': raw({
    ...GNU,
    prefix: Buffer.concat([Buffer.alloc(138), Buffer.from('00000000044\0')]),
  }),
  'GNU magic with bytes at the end': (() => {
    const header = ustarHeader({ path: 'a.bin', size: CONTENT.length }, { ...GNU, checksum: '        ' });
    header[505] = 0x41;
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return make([file('a.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'bytes behind the prefix': (() => {
    const header = ustarHeader({ path: 'a.bin', size: CONTENT.length }, { checksum: '        ' });
    header[505] = 0x41;
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return make([file('a.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'star magic': (() => {
    const header = ustarHeader({ path: 'a.bin', size: CONTENT.length }, { checksum: '        ' });
    header.write('tar\0', 508, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return make([file('a.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'v7 header': raw(V7),
  'v7 header with a prefix': raw({ ...V7, prefix: 'sub' }),
  'v7 header of a directory': make([entry({ path: 'old/', type: '\0' }, V7), file('old/x')]),
  'magic of another version': raw({ magic: 'ustar\x0001' }),
  'magic without a version': raw({ magic: 'ustar\0' }),
  'ustar with a prefix': raw({ prefix: 'sub' }),
  'ustar with a prefix that ends in a slash': raw({ prefix: 'sub/' }),
  'ustar with a prefix and junk behind its NUL': raw({ prefix: 'sub\0evil' }),
  'ustar with two times behind its prefix': raw({
    prefix: Buffer.concat([Buffer.from('sub'), Buffer.alloc(128), Buffer.from('15000000000\x0015000000000\0')]),
  }),
  'ustar with two times and no prefix': raw({
    prefix: Buffer.concat([Buffer.alloc(131), Buffer.from('15000000000 15000000000 ')]),
  }),
  'ustar with junk behind its prefix': raw({ prefix: Buffer.concat([Buffer.alloc(131), Buffer.from('evil')]) }),
  'prefix of 155 bytes': raw({ prefix: `${'p'.repeat(77)}/${'q'.repeat(77)}` }),
  'prefix whose 131st byte and on matter': raw({ prefix: `${'p'.repeat(100)}/${'q'.repeat(50)}` }),
  'prefix under pax path': pax([['path', 'b.bin']], {}, { prefix: 'sub' }),
  'prefix under GNU long name': raw({ prefix: 'sub' }, {}, gnuLong('L', 'b.bin')),
  'name of 100 bytes': raw({ name: 'n'.repeat(100) }),
  'name with junk behind its NUL': raw({ name: 'a.bin\0evil' }),
  'name empty, with a prefix': raw({ name: '', prefix: 'sub' }),
  'name empty': raw({ name: '' }),
  'link name of 100 bytes': make([entry({ path: 'l', type: '2', linkpath: 'n'.repeat(100) }), file('z.md')]),
  'link name with junk behind its NUL': make([entry({ path: 'l', type: '2', linkpath: 'notes.md\0evil' })]),
  'link name in a file': raw({ linkname: 'notes.md' }),
  'link name in a directory': make([entry({ path: 'd/', type: '5', linkpath: 'notes.md' })]),
  'uname and gname': raw({ uname: 'nobody', gname: 'nogroup' }),
  'uname that is not UTF-8': raw({ uname: Buffer.from([0xff, 0xfe]) }),
  'uname of 32 bytes': raw({ uname: 'u'.repeat(32), gname: 'g'.repeat(32) }),
  'uname with junk behind its NUL': raw({ uname: 'o\0x' }),
};
