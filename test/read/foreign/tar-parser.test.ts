import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/format/entry.ts';
import { TarParser } from '../../../src/read/foreign/tar-parser.ts';
import { directory, file, hardLink, symlink, tarBytes } from '../../archives/entry.ts';
import { END_OF_TAR, gnuLong, paxHeader, ustarHeader } from '../../archives/tar-bytes.ts';
import { noise } from '../../damage/small-tree.ts';

interface Taken {
  entry: Entry;
  content: Buffer;
}

/** What the parser lets through when the bytes come in pieces of these lengths. */
function pass(tar: Buffer, pieces: readonly number[] = [tar.length]): Taken[] {
  const taken: Taken[] = [];
  const parser = new TarParser({
    begin: (entry) => taken.push({ entry, content: Buffer.alloc(0) }),
    part(_, content) {
      const last = taken.at(-1) as Taken;
      last.content = Buffer.concat([last.content, content]);
    },
    end() {},
  });
  let at = 0;
  for (let i = 0; at < tar.length; i++) {
    const length = pieces[i % pieces.length] as number;
    parser.push(tar.subarray(at, at + length));
    at += length;
  }
  parser.finish();
  return taken;
}

const entries = [
  directory('seeds'),
  file('seeds/a.json', '{}'),
  file('seeds/empty', ''),
  file('seeds/block', noise(512, 1)),
  file('seeds/more', noise(1300, 2)),
  symlink('link', 'seeds/a.json'),
  hardLink('hard', 'seeds/a.json'),
  file(`${'long/'.repeat(70)}name`, 'deep'),
];
const tar = Buffer.concat([...entries.flatMap((entry) => Object.values(tarBytes(entry))), END_OF_TAR]);
const refused = (code: string) => expect.objectContaining({ code, kind: 'invalid' });

test('entries come through whole, in whatever pieces the bytes come', () => {
  const expected = pass(tar);
  expect(expected.map(({ entry }) => entry.path.replace(/\/$/, ''))).toEqual(entries.map(({ path }) => path));
  for (const [i, { content }] of expected.entries())
    expect(content.equals((entries[i] as { content?: Buffer }).content ?? Buffer.alloc(0))).toBe(true);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 }), (pieces) => {
      expect(pass(tar, pieces)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

test('GNU long names and pax headers of other makers are read', () => {
  const long = 'n'.repeat(300);
  const gnu = Buffer.concat([
    gnuLong('L', long),
    gnuLong('K', `${long}t`),
    ustarHeader({ path: 'short', type: '2', size: 0, linkpath: 'x' }),
    END_OF_TAR,
  ]);
  expect(pass(gnu)[0]?.entry).toMatchObject({ path: long, link: `${long}t`, type: 'symlink' });
  const pax = Buffer.concat([
    paxHeader([
      ['path', long],
      ['mtime', '5.25'],
      ['atime', '1'],
    ]),
    ustarHeader({ path: 'short', size: 0 }),
    END_OF_TAR,
  ]);
  expect(pass(pax)[0]?.entry).toMatchObject({ path: long, mtime: 5, mtimeNs: 250_000_000 });
});

test('a tar cut at any block, or inside one, is refused', () => {
  for (let length = 0; length < tar.length; length += 256)
    expect(() => pass(tar.subarray(0, length))).toThrow(refused('SNAPSHOT_TRUNCATED'));
});

test('what is after the end is refused; more zero blocks are what tars end with', () => {
  expect(pass(Buffer.concat([tar, Buffer.alloc(512 * 18)]))).toHaveLength(entries.length);
  expect(() => pass(Buffer.concat([tar, tar]))).toThrow(refused('TRAILING_DATA'));
  expect(() => pass(Buffer.concat([tar, Buffer.from('x')]))).toThrow(refused('SNAPSHOT_TRUNCATED'));
});

test('a header with a bit changed is refused, or says the same', () => {
  const expected = pass(tar);
  fc.assert(
    fc.property(fc.nat(512 * 8 - 1), (bit) => {
      const changed = Buffer.from(tar);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      let taken: Taken[];
      try {
        taken = pass(changed);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'invalid' });
        return;
      }
      // What ends the checksum itself: a blank or a NUL.
      expect(bit >> 3 >= 148 && bit >> 3 < 156).toBe(true);
      expect(taken).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
