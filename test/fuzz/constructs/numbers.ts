/** Numbers of a header, in all the spellings that are about. */
import { file } from '../../archives/entry.ts';
import { ustarHeader } from '../../archives/tar-bytes.ts';
import { base256, CONTENT, make, raw } from './make.ts';

export const NUMBERS: Record<string, () => Buffer> = {
  'size that begins with NUL': raw({ size: '\x0000000000022' }),
  'size behind blanks': raw({ size: '         22 ' }),
  'size behind blanks, ended by NUL': raw({ size: '         22\0' }),
  'size without an end': raw({ size: '000000000022' }),
  'size of few digits': raw({ size: '22\0' }),
  'size of few digits and a blank': raw({ size: '22 ' }),
  'size with a blank inside': raw({ size: '0000 000022\0' }),
  'size with NUL inside': raw({ size: '022\x00000000\0' }),
  'size with junk behind NUL': raw({ size: '00000022\0zzz' }),
  'size with digits behind a blank': raw({ size: '00000022 77\0' }),
  'size all NUL': raw({ size: Buffer.alloc(12) }, { size: 0 }, undefined, Buffer.alloc(0)),
  'size all blanks': raw({ size: ' '.repeat(12) }, { size: 0 }, undefined, Buffer.alloc(0)),
  'size in base-256': raw({ size: base256(18n, 12) }),
  'size in base-256 with 0xff': raw({ size: base256(-1n, 12) }),
  'size with a sign': raw({ size: '+0000000022\0' }),
  'size with 8': raw({ size: '00000000028\0' }),
  'uid in base-256': raw({ uid: base256(3_000_000n, 8) }),
  'uid in base-256 that octal holds': raw({ uid: base256(1000n, 8) }),
  'uid in base-256, negative': raw({ uid: base256(-2n, 8) }),
  'gid in base-256': raw({ gid: base256(3_000_000n, 8) }),
  'uid beyond 32 bits in base-256': raw({ uid: base256(2n ** 40n, 8) }),
  'mtime in base-256': raw({ mtime: base256(2n ** 33n, 12) }),
  'mtime in base-256, negative': raw({ mtime: base256(-5n, 12) }),
  'mode in base-256': raw({ mode: base256(0o644n, 8) }),
  'uid behind blanks': raw({ uid: '  1750 \0' }),
  'uid of NULs': raw({ uid: Buffer.alloc(8) }),
  'uid of blanks': raw({ uid: ' '.repeat(8) }),
  'uid that begins with NUL': raw({ uid: '\x00001750\0' }),
  'uid of seven digits and NUL': raw({ uid: '0001750\0' }),
  'uid of eight digits': raw({ uid: '00001750' }),
  'uid of junk': raw({ uid: 'junk    ' }),
  'uid with junk behind it': raw({ uid: '001750\0z' }),
  'mtime of NULs': raw({ mtime: Buffer.alloc(12) }),
  'mtime of junk': raw({ mtime: 'junk        ' }),
  'mode of NULs': raw({ mode: Buffer.alloc(8) }),
  'mode that begins with NUL': raw({ mode: '\x00000644\0' }),
  'mode with type bits': raw({ mode: '0100644\0' }),
  'mode with a set-id bit behind a NUL': raw({ mode: '0644\x004755' }),
  'checksum of seven digits': raw({}, { mtime: 1 }),
  'checksum with junk behind it': (() => {
    const header = ustarHeader({ path: 'a.bin', size: CONTENT.length });
    header[155] = 0x7a;
    return make([file('a.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'checksum without an end': (() => {
    const header = ustarHeader({ path: 'a.bin', size: CONTENT.length });
    const digits = header.toString('latin1', 148, 154);
    header.write(digits.padStart(8, '0'), 148, 'latin1');
    return make([file('a.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'checksum of blanks before it': (() => {
    const header = ustarHeader({ path: 'a.bin', size: CONTENT.length });
    const digits = header.toString('latin1', 148, 154).replace(/^0+/, '');
    header.write(`${digits.padStart(6)}\0 `, 148, 'latin1');
    return make([file('a.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'checksum of signed bytes': (() => {
    const header = ustarHeader({ path: 'é.bin', size: CONTENT.length }, { checksum: '        ' });
    const sum = header.reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return make([file('é.bin', CONTENT, { header }), file('z.md')]);
  })(),
  'devices of junk': raw({ devmajor: 'junkjunk', devminor: 'junkjunk' }),
  'devices of a number': raw({ devmajor: '0000010\0' }),
  'devices of NULs': raw({ devmajor: '', devminor: '' }),
};
