import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { Header, Pax } from 'tar';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/format/entry.ts';
import { encodeHeader, type HeaderFields, headerBlocks } from '../../src/format/tar-header.ts';
import { TarParser } from '../../src/read/foreign/tar-parser.ts';
import { validHeader } from '../archives/tar-bytes.ts';
import { blockEntry } from './arbitraries.ts';

function encode(fields: HeaderFields): Buffer {
  // Filled with what was there before, for the encoder has to overwrite it.
  const target = Buffer.alloc(headerBlocks(fields) * 512 + 1024, 0xaa);
  const blocks = encodeHeader(fields, target, 512);
  expect(blocks).toBe(headerBlocks(fields));
  expect(target.subarray(0, 512).every((byte) => byte === 0xaa)).toBe(true);
  expect(target.subarray(512 + blocks * 512).every((byte) => byte === 0xaa)).toBe(true);
  return target.subarray(512, 512 + blocks * 512);
}

const base: HeaderFields = {
  path: 'a.json',
  type: 'file',
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  mtime: 1_770_000_000,
  size: 5,
};

describe('fields come back', () => {
  test('through the strict parser', () => {
    fc.assert(
      fc.property(blockEntry, (entry) => {
        // A path field that is empty of its own would say the parent; the gate knows nothing of names.
        const taken: Entry[] = [];
        const gate = new TarParser({ begin: (each) => taken.push(each), part() {}, end() {} }, true);
        gate.push(encode(entry));
        const { path, type, mode, uid, gid, mtime, size, link } = entry;
        expect(taken).toEqual([
          {
            path: type === 'directory' ? `${path}/` : path,
            type,
            mode,
            uid,
            gid,
            mtime,
            mtimeNs: 0,
            size,
            ...(link === undefined ? {} : { link }),
          },
        ]);
      }),
      { numRuns: 500 },
    );
  });

  test("through the tar package's own decoder", () => {
    fc.assert(
      fc.property(blockEntry, (entry) => {
        // Lines are how that decoder takes pax records apart.
        fc.pre(!`${entry.path}${entry.link ?? ''}`.includes('\n'));
        const bytes = encode(entry);
        let extended: Pax | undefined;
        if (bytes.length > 512) {
          const pax = new Header(bytes, 0);
          expect(pax.type).toBe('ExtendedHeader');
          extended = Pax.parse(bytes.toString('utf8', 512, 512 + (pax.size as number)), undefined, false);
        }
        const header = new Header(bytes, bytes.length - 512, extended);
        expect(header.cksumValid).toBe(true);
        // What the package's ReadEntry does: the extended header goes before.
        expect((extended?.path ?? header.path)?.replace(/\/$/, '')).toBe(entry.path);
        expect(header.size).toBe(entry.size);
        expect(header.uid).toBe(entry.uid);
        expect(header.gid).toBe(entry.gid);
        expect(header.mode).toBe(entry.mode);
        expect((header.mtime as Date).getTime()).toBe(entry.mtime * 1000);
        expect(extended?.linkpath ?? header.linkpath ?? '').toBe(entry.link ?? '');
      }),
      { numRuns: 500 },
    );
  });
});

describe('a header takes one block where ustar can say it', () => {
  const fits: Partial<HeaderFields>[] = [
    {},
    { path: 'x'.repeat(100) },
    { path: `${'d'.repeat(155)}/${'n'.repeat(100)}` },
    { path: `${'d'.repeat(150)}/${'n'.repeat(90)}` },
    { path: 'Łódź/東京/🌱.json' },
    { size: 0o77777777777 },
    { mtime: 0 },
    { mtime: 0o77777777777 },
    { uid: 0o7777777, gid: 0o7777777 },
    { type: 'symlink', link: 'l'.repeat(100), size: 0 },
    { type: 'directory', path: 'd'.repeat(99), size: 0 },
  ];
  test.each(fits)('%j', (fields) => expect(headerBlocks({ ...base, ...fields })).toBe(1));

  const needPax: Partial<HeaderFields>[] = [
    { path: 'x'.repeat(101) },
    { path: '語'.repeat(34) },
    { path: `${'d'.repeat(156)}/n` },
    { path: `d/${'n'.repeat(101)}` },
    { type: 'directory', path: 'd'.repeat(100), size: 0 },
    { size: 0o77777777777 + 1 },
    { size: 2 ** 50 },
    { mtime: -1 },
    { mtime: 0o77777777777 + 1 },
    { uid: 0o7777777 + 1 },
    { gid: 0xffffffff },
    { type: 'symlink', link: 'l'.repeat(101), size: 0 },
  ];
  test.each(needPax)('and a pax header where it cannot: %j', (fields) =>
    expect(headerBlocks({ ...base, ...fields })).toBeGreaterThanOrEqual(3),
  );
});

test('a name that prefix and name can hold is whole, also when something else needs a pax header', () => {
  for (const more of [{ mtime: -1 }, { uid: 2 ** 31 }, { size: 2 ** 40 }]) {
    const path = `${'d'.repeat(90)}/${'n'.repeat(60)}`;
    const block = encode({ ...base, ...more, path }).subarray(-512);
    expect(new Header(block, 0).path).toBe(path);
  }
});

test('every header is, byte for byte, the one built from POSIX and the format alone', () => {
  const flags = { file: '0', hardlink: '1', symlink: '2', directory: '5' };
  fc.assert(
    fc.property(blockEntry, ({ path, type, mode, uid, gid, mtime, size, link = '' }) => {
      const fields = { mode, uid, gid, mtime, size, type: flags[type], linkpath: link };
      const expected = validHeader({ ...fields, path: type === 'directory' ? `${path}/` : path });
      const header = { path, type, mode, uid, gid, mtime, size };
      expect(encode(link === '' ? header : { ...header, link }).equals(expected)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("a header without pax records or prefix is, byte for byte, that of the tar package's encoder", () => {
  const types = { file: 'File', hardlink: 'Link', symlink: 'SymbolicLink', directory: 'Directory' } as const;
  fc.assert(
    fc.property(blockEntry, (entry) => {
      const fields = {
        ...entry,
        uid: entry.uid % 2 ** 21,
        gid: entry.gid % 2 ** 21,
        mtime: Math.abs(entry.mtime % 2 ** 33),
      };
      fields.size %= 2 ** 33;
      const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
      fc.pre(Buffer.byteLength(name) < 100 && Buffer.byteLength(entry.link ?? '') <= 100);
      const header = new Header({
        path: name,
        linkpath: entry.link ?? '',
        type: types[entry.type],
        mode: fields.mode,
        uid: fields.uid,
        gid: fields.gid,
        size: fields.size,
        mtime: new Date(fields.mtime * 1000),
        uname: '',
        gname: '',
      });
      const expected = Buffer.alloc(512);
      header.encode(expected, 0);
      expect(encode(fields).equals(expected)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('what a pax header has is in the ustar header as zero, or as the beginning of the name', () => {
  const bytes = encode({ ...base, path: `a${'ł'.repeat(60)}`, size: 2 ** 40, uid: 2 ** 30, gid: 2 ** 31, mtime: -5 });
  const header = new Header(bytes, bytes.length - 512);
  expect(header).toMatchObject({ path: `a${'ł'.repeat(49)}`, size: 0, uid: 0, gid: 0 });
  expect(header.mtime).toEqual(new Date(0));
});

describe('GNU tar reads them', () => {
  const there = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU') ?? false;
  const entries: HeaderFields[] = [
    base,
    { ...base, path: `${'deep/'.repeat(60)}${'n'.repeat(200)}` },
    { ...base, path: 'negative', mtime: -86_400 },
    { ...base, path: 'ids', uid: 4_000_000_000, gid: 3_000_000_000 },
    { ...base, path: 'far', mtime: 10_000_000_000 },
    { ...base, path: 'link', type: 'symlink', size: 0, link: 'l'.repeat(300) },
    { ...base, path: 'dir', type: 'directory', size: 0, mode: 0o755 },
  ];

  test.skipIf(!there)('as they were meant', () => {
    const tar = Buffer.concat([
      ...entries.flatMap((entry) => [encode(entry), entry.size > 0 ? Buffer.alloc(512) : Buffer.alloc(0)]),
      Buffer.alloc(1024),
    ]);
    const listed = spawnSync(
      'tar',
      ['-tvf', '-', '--numeric-owner', '--full-time', '--utc', '--quoting-style=literal'],
      {
        input: tar,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
    );
    expect(listed.stderr).toBe('');
    const lines = listed.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(entries.length);
    for (const [i, entry] of entries.entries()) {
      const line = (lines[i] as string).replace(/ +/g, ' ');
      const time = new Date(entry.mtime * 1000).toISOString().slice(0, 19).replace('T', ' ');
      const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
      expect(line).toContain(
        ` ${entry.uid}/${entry.gid} ${entry.size} ${time} ${name}${entry.link ? ` -> ${entry.link}` : ''}`,
      );
    }
  });
});
