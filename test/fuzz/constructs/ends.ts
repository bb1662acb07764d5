/** Ends of the tar, and the gzip around it. */

import { crc32, gzipSync } from 'node:zlib';
import { file } from '../../archives/entry.ts';
import { buildForeign } from '../../archives/foreign.ts';
import { emptyMember, plainMember } from '../../archives/gzip-member.ts';
import { END_OF_TAR, ustarHeader } from '../../archives/tar-bytes.ts';
import { BASE } from '../../malicious/attack.ts';
import { CONTENT, entry, make, zip } from './make.ts';

export const ENDS: Record<string, () => Buffer> = {
  // Ends.
  'no end blocks': make([file('z.md')], { end: Buffer.alloc(0) }),
  'one end block': make([file('z.md')], { end: Buffer.alloc(512) }),
  'twenty end blocks': make([file('z.md')], { end: Buffer.alloc(20 * 512) }),
  'end blocks and half a block': make([file('z.md')], { end: Buffer.alloc(1200) }),
  'zero block between entries': make([{ ...entry({}), header: Buffer.alloc(512) }, file('z.md')]),
  'entries behind the end': make([{ ...entry({}), header: END_OF_TAR }, file('z.md')]),
  'junk behind the end': make([file('z.md')], { end: Buffer.concat([END_OF_TAR, Buffer.alloc(512, 'x')]) }),
  'padding that is not zero': make([
    file('a.bin', CONTENT, { body: Buffer.concat([CONTENT, Buffer.alloc(512 - CONTENT.length, 'x')]) }),
    file('z.md'),
  ]),
  'padding of a header': make([
    file('a.bin', CONTENT, {
      body: Buffer.concat([CONTENT, Buffer.alloc(512 - CONTENT.length), ustarHeader({ path: 'evil' })]),
    }),
    file('z.md'),
  ]),
  // Gzip.
  'several gzip members': zip((tar) =>
    Buffer.concat([plainMember(tar.subarray(0, 1536)), plainMember(tar.subarray(1536))]),
  ),
  'gzip members cut anywhere': zip((tar) =>
    Buffer.concat([plainMember(tar.subarray(0, 700)), plainMember(tar.subarray(700))]),
  ),
  'an empty gzip member at the end': zip((tar) => Buffer.concat([plainMember(tar), gzipSync('')])),
  'an empty gzip member in front': zip((tar) => Buffer.concat([gzipSync(''), plainMember(tar)])),
  'an empty gzip member in the middle': zip((tar) =>
    Buffer.concat([plainMember(tar.subarray(0, 1536)), gzipSync(''), plainMember(tar.subarray(1536))]),
  ),
  'gzip with zeros behind it': zip((tar) => Buffer.concat([plainMember(tar), Buffer.alloc(512)])),
  'gzip with one zero behind it': zip((tar) => Buffer.concat([plainMember(tar), Buffer.alloc(1)])),
  'gzip with zeros between members': zip((tar) =>
    Buffer.concat([plainMember(tar.subarray(0, 1536)), Buffer.alloc(8), plainMember(tar.subarray(1536))]),
  ),
  'gzip with junk behind it': zip((tar) => Buffer.concat([plainMember(tar), Buffer.from('junk')])),
  'almost a seal behind the archive': () => {
    const seal = emptyMember('S', Buffer.alloc(97), { deflate: Buffer.from([0x03, 0xfc]) });
    return Buffer.concat([buildForeign(BASE), seal]);
  },
  'gzip with a file name': zip((tar) =>
    plainMember(tar, { header: Buffer.concat([Buffer.from('1f8b0808000000000003', 'hex'), Buffer.from('x.tar\0')]) }),
  ),
  'gzip with a comment': zip((tar) =>
    plainMember(tar, {
      header: Buffer.concat([Buffer.from('1f8b0810000000000003', 'hex'), Buffer.from('a comment\0')]),
    }),
  ),
  'gzip with an extra field': zip((tar) =>
    plainMember(tar, {
      header: Buffer.concat([Buffer.from('1f8b0804000000000003', 'hex'), Buffer.from([6, 0, 0x41, 0x42, 2, 0, 1, 2])]),
    }),
  ),
  'gzip with a header CRC': zip((tar) => plainMember(tar, { header: Buffer.from('1f8b0802000000000003dead', 'hex') })),
  'gzip with a right header CRC': zip((tar) => {
    const header = Buffer.from('1f8b0802000000000003', 'hex');
    const crc = Buffer.alloc(2);
    crc.writeUInt16LE(crc32(header) & 0xffff);
    return plainMember(tar, { header: Buffer.concat([header, crc]) });
  }),
  'gzip with the text flag': zip((tar) => plainMember(tar, { header: Buffer.from('1f8b0801000000000003', 'hex') })),
  'gzip with reserved flags': zip((tar) => plainMember(tar, { header: Buffer.from('1f8b0880000000000003', 'hex') })),
  'archive behind the archive': () => Buffer.concat([buildForeign(BASE), buildForeign([file('evil')])]),
  'archive without its end and an archive': () =>
    Buffer.concat([buildForeign(BASE, { end: Buffer.alloc(0) }), buildForeign([file('evil')])]),
};
