import fc from 'fast-check';
import type { EntryType } from '../../src/format/entry.ts';
import type { BlockEntry } from '../../src/format/index-block.ts';
import { headerBlocks } from '../../src/format/tar-header.ts';

/** Names as they are found, and as they are feared. */
const component = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'A',
    '-',
    '.a',
    'a.json',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{1f331}',
    'é',
    'e\u0301',
    '\n',
    ' ',
    '\\',
    'x'.repeat(255),
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..' && name.isWellFormed()),
);

export const path = fc.array(component, { minLength: 1, maxLength: 12 }).map((names) => names.join('/'));

const MAX_SECONDS = 8.64e12;

/** An entry that may stand in an index, with the number of header blocks that it takes. */
export const blockEntry: fc.Arbitrary<BlockEntry> = fc
  .record({
    path,
    type: fc.constantFrom<EntryType>('file', 'directory', 'symlink', 'hardlink'),
    mode: fc.nat(0o7777),
    uid: fc.oneof(fc.nat(70_000), fc.integer({ min: 0, max: 0xffffffff })),
    gid: fc.oneof(fc.nat(70_000), fc.integer({ min: 0, max: 0xffffffff })),
    mtime: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 }), fc.integer({ min: -MAX_SECONDS, max: MAX_SECONDS })),
    mtimeNs: fc.nat(999_999_999),
    size: fc.oneof(fc.nat(5000), fc.integer({ min: 0, max: 2 ** 50 })),
    link: path,
    sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  })
  .map(({ link, sha256, size, ...rest }) => {
    const entry: BlockEntry = { ...rest, size: rest.type === 'file' ? size : 0, headerBlocks: 1 };
    if (rest.type === 'file') entry.sha256 = sha256;
    if (rest.type === 'symlink' || rest.type === 'hardlink') entry.link = link;
    entry.headerBlocks = headerBlocks(entry);
    return entry;
  });
