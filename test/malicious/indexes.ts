/** An index at odds with the tar, with itself, or with the seal; everything above each lie is resealed. */
import { deflateRawSync } from 'node:zlib';
import { file, type IndexRow, inOrder, symlink } from '../archives/entry.ts';
import { emptyMember } from '../archives/gzip-member.ts';
import {
  type BlockRow,
  buildSnapshot,
  type Columns,
  type PageRow,
  packed,
  type Root,
  type Seal,
} from '../archives/snapshot.ts';
import { type Attack, BASE, deflateBomb, sealed } from './attack.ts';

/** Where `notes.md` stands in the columns. */
const AT = inOrder(BASE).findIndex((entry) => entry.path === 'notes.md');
const FILES = inOrder(BASE).filter((entry) => entry.type === 'f');
const SIZE_AT = FILES.findIndex((entry) => entry.path === 'notes.md');

const columns = (change: (columns: Columns) => void): Attack => sealed([], { columns: change });
const inColumn = (name: Exclude<keyof Columns, 'type' | 'stored' | 'raw'>, value: unknown, at = AT): Attack =>
  columns((all) => {
    all[name][at] = value;
  });
const root = (change: (root: Root) => void): Attack =>
  sealed([], {
    root: (valid) => {
      change(valid);
      return valid;
    },
  });
const total = (name: keyof Root['totals']): Attack =>
  root((all) => {
    all.totals[name] += 1;
  });
const rows = (change: (rows: BlockRow[]) => void): Attack => sealed([], { rows: change });
const block = (change: (first: BlockRow) => void): Attack => rows(([first]) => change(first as BlockRow));
const page = (change: (first: PageRow) => void): Attack => root(({ pages }) => change(pages[0] as PageRow));
const seal = (change: (seal: Seal) => void): Attack => sealed([], { seal: change });

/** `notes.md` valid in the tar, and in the index like this; whatever counts and sums goes by the index. */
const atOdds = (index: Partial<IndexRow>): Attack => ({
  sealed: () => buildSnapshot(inOrder(BASE).map((entry) => (entry.path === 'notes.md' ? { ...entry, index } : entry))),
});

/** Two members in each of two blocks. */
const inParts = (layers: Parameters<typeof buildSnapshot>[1]): Attack => ({
  sealed: () => buildSnapshot(inOrder(BASE), { entriesPerMember: 2, membersPerBlock: 2, ...layers }),
});

/** A block to a page, and two members to a block. */
const inPages = (layers: Parameters<typeof buildSnapshot>[1]): Attack => inParts({ blocksPerPage: 1, ...layers });

function lengthPrefixed(deflated: Buffer, digests: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(deflated.length);
  return Buffer.concat([length, deflated, digests]);
}

export const INDEXES = {
  // One column at odds with the tar.
  'path at odds': atOdds({ path: 'notes.mx' }),
  'type at odds': sealed([file('empty', '', { index: { type: 'd' } })]),
  'mode at odds': atOdds({ mode: 0o777 }),
  'uid at odds': atOdds({ uid: 0 }),
  'gid at odds': atOdds({ gid: 0 }),
  'time at odds': atOdds({ mtime: 1 }),
  'size at odds, by one': atOdds({ size: 14 }),
  'link at odds': sealed([symlink('link', 'notes.md', { index: { link: 'sessions' } })]),
  'digest at odds': atOdds({ sha256: Buffer.alloc(32, 7) }),
  'length of members at odds': inParts({
    columns: (all, block) => {
      if (block === 0) all.stored = all.stored.map((length, at) => (at === 0 ? length + 1 : length - 1));
    },
  }),
  'tar bytes of members at odds': inParts({
    columns: (all, block) => {
      if (block === 0) all.raw = all.raw.map((length, at) => (at === 0 ? length + 512 : length - 512));
    },
  }),

  // Columns that are none.
  'nanoseconds a billion': inColumn('mtime_ns', 1_000_000_000),
  'nanoseconds negative': inColumn('mtime_ns', -1),
  'mode negative': inColumn('mode', -1),
  'uid of one and a half': inColumn('uid', 1.5),
  'uid of 2^64': inColumn('uid', 2 ** 64),
  'time of one and a half': inColumn('mtime', 1.5),
  'time of 1e300': inColumn('mtime', 1e300),
  'size negative': inColumn('size', -1, SIZE_AT),
  'size of 2^60': inColumn('size', 2 ** 60, SIZE_AT),
  'size that is a string': inColumn('size', '15', SIZE_AT),
  'path that is a number': inColumn('path', 7),
  'link that is null': sealed([symlink('link', 'notes.md', { index: { link: null } })]),
  'column missing': columns((all) => {
    Reflect.deleteProperty(all, 'mode');
  }),
  'column too short': columns((all) => all.gid.pop()),
  'column too long': columns((all) => all.uid.push(1)),
  'column that is an object': columns((all) => {
    Object.assign(all, { uid: { length: all.uid.length } });
  }),
  'links missing': sealed([symlink('link', 'notes.md')], {
    columns: (all) => {
      all.link = [];
    },
  }),
  'sizes for directories': columns((all) => all.size.push(0)),
  'types too few': columns((all) => {
    all.type = all.type.slice(1);
  }),
  'type that nobody defined': columns((all) => {
    all.type = `x${all.type.slice(1)}`;
  }),
  'columns that are a list': sealed([], {
    block: (bytes) => lengthPrefixed(deflateRawSync('[]'), bytes.subarray(-32 * (FILES.length + 1))),
  }),
  'entry that is not in the tar': columns((all) => {
    all.path.push('zz');
    all.type += 'd';
    for (const name of ['mode', 'uid', 'gid', 'mtime', 'mtime_ns'] as const) all[name].push(1);
  }),

  // Blocks.
  'block of no bytes': sealed([], { block: () => Buffer.alloc(0) }),
  'block whose length is a lie': sealed([], {
    block: (bytes) => Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), bytes.subarray(4)]),
  }),
  'block that is not deflate': sealed([], {
    block: (bytes) => lengthPrefixed(Buffer.from('not deflate'), bytes.subarray(-32 * (FILES.length + 1))),
  }),
  'block with bytes behind its deflate data': sealed([], {
    block: (bytes) => {
      const length = bytes.readUInt32LE(0);
      const deflated = Buffer.concat([bytes.subarray(4, 4 + length), Buffer.from('more')]);
      return lengthPrefixed(deflated, bytes.subarray(4 + length));
    },
  }),
  'block with a digest too few': sealed([], { block: (bytes) => bytes.subarray(0, -32) }),
  'block with a digest too many': sealed([], { block: (bytes) => Buffer.concat([bytes, Buffer.alloc(32)]) }),
  'block that inflates to 1 GiB': sealed([], {
    block: (bytes) => lengthPrefixed(deflateBomb(1024, ' '), bytes.subarray(-32 * (FILES.length + 1))),
  }),
  'blocks in the wrong order': inParts({ rows: (rows) => rows.reverse() }),
  'digest of a member at odds': sealed([], {
    digests: ({ members }) => members.fill(Buffer.alloc(32, 7), 0, 1),
  }),
  'digest of a member too few': sealed([], { digests: ({ members }) => members.pop() }),
  'digest of a piece at odds': sealed([file('large', Buffer.alloc(2.5 * 2 ** 20, 'x'))], {
    digests: ({ pieces }) => pieces.fill(Buffer.alloc(32, 7), 1, 2),
  }),
  'digest of a piece too few': sealed([file('large', Buffer.alloc(2.5 * 2 ** 20, 'x'))], {
    digests: ({ pieces }) => pieces.pop(),
  }),

  // The root.
  'root that is not deflate': sealed([], { rootBytes: () => Buffer.from('not deflate') }),
  'root that is not JSON': sealed([], { rootBytes: () => deflateRawSync('format = 1') }),
  'root that is null': sealed([], { rootBytes: () => deflateRawSync('null') }),
  'root with bytes behind its deflate data': sealed([], {
    rootBytes: (stored) => Buffer.concat([stored, Buffer.from('more')]),
  }),
  'root that inflates to 1 GiB': sealed([], { rootBytes: () => deflateBomb(1024, ' ') }),
  'root 200,000 brackets deep': sealed([], { rootBytes: () => deflateRawSync('['.repeat(200_000)) }),
  'root of format 2': root((all) => {
    all.format = 2;
  }),
  'root without a manifest': root((all) => {
    Reflect.deleteProperty(all, 'manifest');
  }),
  'root with a manifest of version 2': sealed([], {
    manifest: (manifest) => ({ ...manifest, index_sha256: null }),
    root: (all) => ({ ...all, manifest: { ...all.manifest, version: 2 } }),
  }),
  'root without the state directory': root((all) => {
    Reflect.deleteProperty(all, 'directory');
  }),
  'root with a set-user-id state directory': root((all) => {
    all.directory.mode = 0o4755;
  }),
  'root with no pages': root((all) => {
    all.pages = [];
  }),
  'root with pages that are no list': root((all) => {
    Object.assign(all, { pages: { length: 1 } });
  }),
  'root with a page twice': root((all) => all.pages.push(...all.pages.slice(0, 1))),
  'root with a status that nobody defined': root((all) => {
    all.statuses = [{ path: 'notes.md', status: 'fine', detail: '' }];
  }),
  'total of entries at odds': total('entries'),
  'total of files at odds': total('files'),
  'total of directories at odds': total('directories'),
  'total of symlinks at odds': total('symlinks'),
  'total of hard_links at odds': total('hard_links'),
  'total of bytes at odds': total('bytes'),
  'total of tar_bytes at odds': total('tar_bytes'),
  'block with another first entry': block((first) => {
    first.first = 'memory/facts';
  }),
  'block that counts an entry more': block((first) => {
    first.entries += 1;
  }),
  'block that counts a member more': block((first) => {
    first.members += 1;
  }),
  'block that is one byte longer': block((first) => {
    first.length += 1;
  }),
  'block of 2^53 bytes': block((first) => {
    first.length = 2 ** 53;
  }),
  'block with another digest': block((first) => {
    first.sha256 = Buffer.alloc(32);
  }),
  'block with half a digest': block((first) => {
    first.sha256 = Buffer.alloc(16);
  }),
  'block whose members take a byte more': block((first) => {
    first.stored += 1;
  }),
  'block whose members hold 512 bytes more': block((first) => {
    first.raw += 512;
  }),
  'blocks with a gap between their members': inParts({
    rows: ([first]) => {
      (first as BlockRow).stored -= 10;
    },
  }),
  'blocks whose members overlap': inParts({
    rows: ([first, second]) => {
      (first as BlockRow).stored += 10;
      (second as BlockRow).stored -= 10;
    },
  }),

  // Pages.
  'pages out of order': inPages({ root: (all) => ({ ...all, pages: all.pages.reverse() }) }),
  'pages with their first entries out of order': inPages({
    root: (all) => {
      const [first, second] = all.pages as [PageRow, PageRow];
      [first.first, second.first] = [second.first, first.first];
      return all;
    },
  }),
  'page with another digest': page((first) => {
    first.sha256 = '00'.repeat(32);
  }),
  'page with a digest in capitals': page((first) => {
    first.sha256 = first.sha256.toUpperCase();
  }),
  'page with another first entry': page((first) => {
    first.first = 'a';
  }),
  'page that counts an entry more': page((first) => {
    first.entries += 1;
  }),
  'page that counts a block more': page((first) => {
    first.blocks += 1;
  }),
  'page whose blocks take a byte more': page((first) => {
    first.block_bytes += 1;
  }),
  'page that is one byte longer': page((first) => {
    first.length += 1;
  }),
  'page whose members take a byte more': page((first) => {
    first.stored += 1;
  }),
  'page whose members hold 512 bytes more': page((first) => {
    first.raw += 512;
  }),
  'page of no blocks': sealed([], {
    page: () => packed({ first: [], entries: [], members: [], length: [], stored: [], raw: [] }, []),
  }),
  'page without a column': sealed([], {
    pageColumns: (columns) => {
      Reflect.deleteProperty(columns, 'raw');
    },
  }),
  'page with a digest too many': sealed([], { page: (bytes) => Buffer.concat([bytes, Buffer.alloc(32)]) }),
  'page that inflates to 1 GiB': sealed([], {
    page: (bytes) => lengthPrefixed(deflateBomb(1024, ' '), bytes.subarray(-32)),
  }),

  // The seal, and the members that carry the index.
  'seal of version 2': seal((all) => {
    all.version = 2;
  }),
  'seal of version 0': seal((all) => {
    all.version = 0;
  }),
  'seal for a longer file': seal((all) => {
    all.length += 1000;
  }),
  'seal for a shorter file': seal((all) => {
    all.length -= 1;
  }),
  'seal with the index a byte later': seal((all) => {
    all.indexOffset += 1;
  }),
  'seal with the index behind the end': seal((all) => {
    all.indexOffset = 2 ** 53;
  }),
  'seal with an index of a byte more': seal((all) => {
    all.indexLength += 1;
  }),
  'seal with an index of 2^53 bytes': seal((all) => {
    all.indexLength = 2 ** 53;
  }),
  'seal with a root of a byte less': seal((all) => {
    all.rootLength -= 1;
  }),
  'seal with a root longer than the index': seal((all) => {
    all.rootLength = all.indexLength + 1;
  }),
  'seal with a root of no bytes': seal((all) => {
    all.rootLength = 0;
  }),
  'seal with the digest of another root': seal((all) => {
    all.rootSha256 = Buffer.alloc(32);
  }),
  'seal with the digest of another manifest': seal((all) => {
    all.manifestSha256 = Buffer.alloc(32);
  }),
  'index piece of another kind': sealed([], {
    index: (members) => members.map((member) => emptyMember('S', member.subarray(17, -10))),
  }),
  'index piece that is not empty': sealed([], {
    index: (members) => members.map((member) => emptyMember('I', member.subarray(17, -10), { isize: 1 })),
  }),
  'index pieces of unequal length': {
    sealed: () => {
      const entries = Array.from({ length: 600 }, (_, number) => file(`f${String(number).padStart(4, '0')}`));
      return buildSnapshot(entries, {
        index: (members) => {
          const whole = Buffer.concat(members.map((member) => member.subarray(17, -10)));
          const cuts = [0, 7999, ...members.slice(2).map((_, at) => 7999 + 8000 * (at + 1)), whole.length];
          return cuts.slice(1).map((end, at) => emptyMember('I', whole.subarray(cuts[at], end)));
        },
      });
    },
  },
} satisfies Record<string, Attack>;
