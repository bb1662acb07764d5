/** Snapshots that are sealed, and of which two readers would make two things: each was once taken for valid, or could be. */
import { deflateRawSync } from 'node:zlib';
import { directory, file, hardLink } from '../archives/entry.ts';
import { tarMember } from '../archives/gzip-member.ts';
import { manifestTar, type SealedManifest } from '../archives/manifest.ts';
import { type BlockRow, buildSnapshot, type PageRow, type Root } from '../archives/snapshot.ts';
import {
  END_OF_TAR,
  type PaxRecord,
  paxHeader,
  paxHeaderOf,
  paxRecord,
  type RawFields,
  ustarHeader,
} from '../archives/tar-bytes.ts';
import { type Attack, BASE, sealed } from './attack.ts';

const root = (change: (root: Root) => unknown): Attack =>
  sealed([], {
    root: (valid) => {
      change(valid);
      return valid;
    },
  });
const statuses = (...list: [path: string, status: string][]): Attack =>
  root((all) => {
    all.statuses = list.map(([path, status]) => ({ path, status, detail: '' }));
  });

/** Both manifests alike. */
const manifests = (change: (manifest: SealedManifest) => object): Attack =>
  sealed([], {
    manifest: (manifest) => change(manifest),
    root: (all) => {
      const { index_sha256: _, ...rest } = change(all.manifest) as Record<string, unknown>;
      return { ...all, manifest: rest };
    },
  });
const withSection = (name: string, entry_count: number): Attack =>
  manifests((manifest) => ({ ...manifest, sections: [...manifest.sections, { name, entry_count }] }));
/** Both manifests with the same change of their text. */
const inText = (from: string | RegExp, to: string): Attack =>
  sealed([], {
    manifestTar: (tar) => manifestTar(tar.subarray(512).toString().trimEnd().replace(from, to)),
  });
const manifestHeader = (fields: object): Attack =>
  sealed([], {
    manifestTar: (tar) =>
      Buffer.concat([
        ustarHeader({ path: 'manifest.json', uid: 0, gid: 0, size: tar.length - 512, mtime: 1_772_503_200, ...fields }),
        tar.subarray(512),
      ]),
  });

/** A file whose one header block has other bytes in some fields; a checksum that follows. */
const field = (raw: RawFields, content = ''): Attack =>
  sealed([file('evil', content, { header: ustarHeader({ path: 'evil', size: content.length }, raw) })]);

/** Long names need a pax header, as the format makes it. */
const LONG = `evil-${'n'.repeat(120)}`;
const inField = { path: LONG.slice(0, 100), size: 0 };
const underPax = (raw: RawFields, records: PaxRecord[] = [['path', LONG]], fields = {}): Attack =>
  sealed([file(LONG, '', { ...fields, header: Buffer.concat([paxHeader(records), ustarHeader(inField, raw)]) })]);

/** The format splits it before the last component. */
const SPLIT = `first/second/${'n'.repeat(90)}`;

const FAR = 8 ** 7;

export const AGREEMENT = {
  'hard link with another mode than its file': sealed([file('a'), hardLink('b', 'a', { mode: 0o600 })]),
  'hard link with another owner than its file': sealed([file('a'), hardLink('b', 'a', { gid: 0 })]),
  'hard link with another time than its file, by a nanosecond': sealed([file('a'), hardLink('b', 'a', { mtimeNs: 1 })]),

  'status of a present file that is absent': statuses(['absent', 'retried']),
  'status of an absent file that is present': statuses(['notes.md', 'unreadable']),
  'status of what is no path': statuses(['../notes.md', 'deleted']),
  'status of the manifest': statuses(['manifest.json', 'deleted']),
  'statuses out of order': statuses(['b', 'deleted'], ['a', 'deleted']),
  'two statuses of one path': statuses(['a', 'deleted'], ['a', 'unreadable']),

  'section that nobody knows, of entries that are not there': withSection('ghost', 3),
  'section that nobody knows, with one entry more than there are': {
    sealed: () =>
      buildSnapshot([...BASE, directory('projects'), file('projects/a.md')].sort(byPath), {
        manifest: (manifest) => ({ ...manifest, sections: [...manifest.sections, PROJECTS] }),
        root: (all) => ({ ...all, manifest: { ...all.manifest, sections: [...all.manifest.sections, PROJECTS] } }),
      }),
  },
  'section with a path for a name, behind a line break': withSection('x\n/../y', 1),
  'section of no entries': { sealed: withSection('seeds', 0).sealed as () => Buffer },

  'manifest of 512k + 12 bytes': sealed([], {
    manifestTar: (tar) => {
      const content = Buffer.concat([tar.subarray(512), Buffer.alloc(12, ' ')]);
      const header = ustarHeader({ path: 'manifest.json', uid: 0, gid: 0, size: content.length, mtime: 1_772_503_200 });
      return Buffer.concat([header, content]);
    },
  }),
  'manifest for everybody to write': manifestHeader({ mode: 0o666 }),
  'manifest of another owner': manifestHeader({ uid: 1000 }),
  'manifest of another time': manifestHeader({ mtime: 1_772_503_201 }),
  'manifest created at an offset': manifests((manifest) => ({ ...manifest, created_at: '2026-03-03T03:00:00+01:00' })),
  'manifest created before 1970': manifests((manifest) => ({ ...manifest, created_at: '1969-12-31T23:59:59Z' })),
  'manifest with a byte order mark': inText(/^/, '\ufeff'),
  'manifest with a key twice': inText(/^\{/, '{"version":1,'),
  'manifest with __proto__ twice': inText(/^\{/, '{"__proto__":1,"__proto__":1,'),
  'manifest with a count of 1.0': inText(/"entry_count":(\d+)/, '"entry_count":$1.0'),
  'manifest with a count of 1e0': inText(/"entry_count":(\d+)/, '"entry_count":$1e0'),
  'manifest at odds with the other only beyond 2^53': sealed([], {
    manifestTar: (tar) =>
      manifestTar(tar.subarray(512).toString().trimEnd().replace(/\}$/, ',"later":9007199254740993}')),
    rootBytes: undefinedLater,
  }),
  'manifest at odds with the other only by the sign of a zero': sealed([], {
    manifestTar: (tar) => manifestTar(tar.subarray(512).toString().trimEnd().replace(/\}$/, ',"later":-0}')),
    rootBytes: (_, json) => deflateRawSync(json.replace(/("manifest":\{.*?"bytes":\d+)/, '$1,"later":0')),
  }),
  'nanoseconds of the state directory -0': sealed([], {
    rootBytes: (_, json) => deflateRawSync(json.replace('"mtime_ns":5', '"mtime_ns":-0')),
  }),
  'manifest created in the 61st second': manifests((manifest) => ({ ...manifest, created_at: '2026-03-03T02:00:60Z' })),
  'manifest created at a time in small letters': manifests((manifest) => ({
    ...manifest,
    created_at: '2026-03-03t02:00:00z',
  })),
  'manifest with a tool that is a number': manifests((manifest) => ({ ...manifest, tool: 1 })),
  'manifest with a source without a host': manifests((manifest) => ({
    ...manifest,
    source: { platform: 'linux', state_dir: '/' },
  })),
  'manifest with excludes that are null': manifests((manifest) => ({ ...manifest, excludes: null })),
  'section that counts one more, of a snapshot from a pipe': sealed([], {
    manifest: (manifest) => ({ ...manifest, sections: [], files: null, bytes: null, index_sha256: null }),
    root: (all) => ({
      ...all,
      manifest: {
        ...all.manifest,
        sections: all.manifest.sections.map((each) => ({ ...each, entry_count: each.entry_count + 1 })),
      },
    }),
  }),
  'status without a detail': root((all) => {
    all.statuses = [{ path: 'absent', status: 'deleted' }];
  }),
  'member of more than 64 MiB and 64 KiB in the file': sealed([], {
    member: (_, _number, raw) => tarMember('D', raw, { deflate: behindEmptyBlocks(raw, 64 * 2 ** 20 + 64 * 2 ** 10) }),
  }),
  'seal with another CRC-32': sealed([], {
    sealMember: (member) => {
      const changed = Buffer.from(member);
      changed[member.length - 8] = 1;
      return changed;
    },
  }),
  'bytes between index and seal': sealed([], {
    index: (members) => [...members, Buffer.from('between')],
  }),
  'bytes before the end of the tar': sealed([], {
    end: Buffer.concat([Buffer.from('before'), tarMember('E', END_OF_TAR)]),
  }),
  'bytes of the index that no page names': {
    sealed: () => {
      const between = Buffer.from('between');
      return buildSnapshot([...BASE].sort(byPath), {
        manifest: (manifest) => ({ ...manifest, index_sha256: null }),
        rootBytes: (stored) => Buffer.concat([between, stored]),
        seal: (seal) => {
          seal.rootLength -= between.length;
        },
        rootSha256Of: (bytes) => bytes.subarray(between.length),
      });
    },
  },
  'manifests with a field that makes them 33 deep': manifests((manifest) => ({
    ...manifest,
    later: JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`),
  })),
  'manifests with half of a surrogate pair in a field that nobody knows': manifests((manifest) => ({
    ...manifest,
    later: '\ud800',
  })),
  'nanoseconds that are a string': sealed([file('evil', '', { index: { mtime_ns: '0' } })]),
  'GNU magic': field({ magic: 'ustar  \0' }),
  'page of 4,097 blocks': {
    sealed: () =>
      buildSnapshot(
        Array.from({ length: 4097 }, (_, i) => file(`f${String(i).padStart(5, '0')}`, '')),
        { entriesPerMember: 1, membersPerBlock: 1 },
      ),
  },
  'index header with 64 MiB of blanks': sealed([], {
    rootBytes: (_, json) => deflateRawSync(json + ' '.repeat(64 * 2 ** 20), { level: 1 }),
  }),
  '1,001 sections that are there': {
    sealed: () => {
      const names = Array.from({ length: 1001 }, (_, i) => `s${String(i).padStart(4, '0')}`);
      const sections = names.map((name) => ({ name, entry_count: 1 }));
      return buildSnapshot(
        names.flatMap((name) => [directory(name), file(`${name}/a.md`, '')]),
        {
          manifest: (manifest) => ({ ...manifest, sections }),
          root: (all) => ({ ...all, manifest: { ...all.manifest, sections } }),
        },
      );
    },
  },
  'manifest of the index with index_sha256': root((all) => {
    all.manifest.index_sha256 = 'ab'.repeat(32);
  }),
  'manifest without files': manifests(({ files: _, ...manifest }) => manifest),
  'manifest with files null, but completed': manifests((manifest) => ({ ...manifest, files: null })),

  'feature that nobody knows': root((all) => {
    all.requires = ['chunks'];
  }),
  'features missing': root((all) => {
    Reflect.deleteProperty(all, 'requires');
  }),

  'size that begins with NUL': field({ size: '\x000000000005\0' }, 'five!'),
  'GNU magic with bytes behind 345': field({ magic: 'ustar  \0', prefix: '14000000000\0' }),
  'prefix under GNU magic': field({ magic: 'ustar  \0', prefix: 'memory' }),
  'pax padding that Python reads as records': sealed([
    file(LONG, '', {
      header: Buffer.concat([
        paddedWith(paxRecord(['path', LONG]), paxRecord(['path', '../../evil.json'])),
        ustarHeader(inField),
      ]),
    }),
  ]),
  'type NUL with a slash under a pax path': underPax({ type: '\0', name: 'a.bin/' }),
  'uname and gname': field({ uname: 'root', gname: 'root' }),
  'junk behind the checksum': sealed([file('evil', '', { header: junkBehindChecksum() })]),
  'garbage uid under a pax record': underPax(
    { uid: 'garbage\0' },
    [
      ['path', LONG],
      ['uid', String(FAR)],
    ],
    { uid: FAR },
  ),
  'garbage mtime under a pax record': underPax(
    { mtime: 'garbage    \0' },
    [
      ['path', LONG],
      ['mtime', '-5'],
    ],
    { mtime: -5 },
  ),
  'number in base 256': field({ uid: Buffer.from([0x80, 0, 0, 0, 0, 0, 0x03, 0xe8]) }),
  'number with leading blanks': field({ uid: '   1750\0' }),
  'pax record that is not needed': sealed([
    file('evil', '', { header: Buffer.concat([paxHeader([['mtime', '1770000000']]), ustarHeader({ path: 'evil' })]) }),
  ]),
  'pax records in another order': underPax(
    { uid: '000000 \0' },
    [
      ['uid', String(FAR)],
      ['path', LONG],
    ],
    { uid: FAR },
  ),
  'name split at another slash': sealed([
    directory('first'),
    directory('first/second'),
    file(SPLIT, '', { header: ustarHeader({ path: SPLIT, size: 0 }, { name: SPLIT.slice(6), prefix: 'first' }) }),
  ]),
  'manifest that is deflated': sealed([], { memberM: (tar) => tarMember('M', tar, { deflate: inTwoBlocks(tar) }) }),
  'manifest of more than a MiB': sealed([], {
    manifestTar: (tar) => manifestTar(tar.subarray(512).toString().trimEnd() + ' '.repeat(2 ** 20)),
  }),
  '1,001 sections': manifests((manifest) => ({
    ...manifest,
    sections: Array.from({ length: 1001 }, (_, i) => ({ name: `s${i}`, entry_count: 1 })),
  })),
  'block of 16,385 entries': {
    sealed: () => buildSnapshot(Array.from({ length: 16_385 }, (_, i) => file(`f${String(i).padStart(5, '0')}`, ''))),
  },
  'block that counts 524,289 members': sealed([], {
    rows: ([first]) => {
      (first as BlockRow).members = 524_289;
    },
  }),
  'page that counts 4,097 blocks': root(({ pages: [first] }) => {
    (first as PageRow).blocks = 4097;
  }),
  'small file in two members': {
    sealed: () => {
      const content = Buffer.alloc(2048, 'x');
      return buildSnapshot([file('evil', content)], { splitAt: 512 + 1024 });
    },
  },
  'damaged length, and no seal': {
    sealed: () => {
      const bytes = Buffer.from(buildSnapshot([...BASE].sort(byPath)).subarray(0, -124));
      bytes[14] = 0xff;
      return bytes;
    },
  },
} satisfies Record<string, Attack>;

/** Not all of deflate's ways to say it: two stored blocks where there should be one. */
function inTwoBlocks(tar: Buffer): Buffer {
  const block = (bytes: Buffer, final: number) => {
    const head = Buffer.from([final, 0, 0, 0, 0]);
    head.writeUInt16LE(bytes.length, 1);
    head.writeUInt16LE(bytes.length ^ 0xffff, 3);
    return Buffer.concat([head, bytes]);
  };
  return Buffer.concat([block(tar.subarray(0, 512), 0), block(tar.subarray(512), 1)]);
}

/** Deflate data of at least so many bytes: blocks of no bytes, and then the content. */
function behindEmptyBlocks(raw: Buffer, length: number): Buffer {
  const empty = Buffer.from([0, 0, 0, 0xff, 0xff]);
  return Buffer.concat([Buffer.alloc(Math.ceil(length / empty.length) * empty.length, empty), deflateRawSync(raw)]);
}

const PROJECTS = { name: 'projects', entry_count: 2 };

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1;
}

/** A pax header with another record where there should be zeros. */
function paddedWith(record: Buffer, behind: Buffer): Buffer {
  const header = paxHeaderOf(record);
  behind.copy(header, 512 + record.length);
  return header;
}

function junkBehindChecksum(): Buffer {
  const block = ustarHeader({ path: 'evil' });
  // The checksum's own field is not counted: eight digits with nothing between say the same to some.
  block[155] = 0x37;
  return block;
}

/** The index header with a number in its manifest that a double cannot tell from that of the first. */
function undefinedLater(_stored: Buffer, json: string): Buffer {
  return deflateRawSync(json.replace(/("manifest":\{.*?"bytes":\d+)/, '$1,"later":9007199254740992'));
}
