/** Archives that look strange and are not: what they hold must come back exactly. */
import { gzipSync } from 'node:zlib';
import { directory, type Entry, file, hardLink, inOrder, symlink } from '../archives/entry.ts';
import { buildForeign, type ForeignLayers } from '../archives/foreign.ts';
import { plainMember } from '../archives/gzip-member.ts';
import { manifestOf } from '../archives/manifest.ts';
import { buildSnapshot, type Layers } from '../archives/snapshot.ts';
import { gnuLong, paxHeader, ustarHeader } from '../archives/tar-bytes.ts';
import { BASE } from './attack.ts';

export interface Valid {
  name: string;
  form: 'sealed' | 'foreign';
  bytes: () => Buffer;
  /** What must stand in the restored directory, besides directories that are only implied. */
  entries: Entry[];
}

/** Valid on Linux; other platforms give some of them another meaning. */
const STRANGE_NAMES = [
  'a:b.json',
  'back\\slash',
  '..\\evil',
  'C:\\evil',
  'new\nline',
  'tab\tstop',
  'escape \u001b[31mred',
  'bell\u0007',
  'right to left \u202elive',
  'quote"\'`',
  'wild*?<>|',
  '$(touch evil)',
  '-rf',
  '--checkpoint-action=exec=sh',
  '...',
  '..x',
  'x..',
  '.hidden',
  '~',
  'CON',
  'aux.json',
  'trailing.',
  'trailing ',
  ' leading',
  '%2e%2e',
  '\uff0e\uff0e',
  '\ufeffbyte order mark',
  '\ufffd',
  '__proto__',
  'constructor',
  'x.tmp',
  'manifest.json.bak',
  '👩🏽‍🌾.md',
  'n'.repeat(255),
  '日'.repeat(85),
];

const MULTI_BYTE = Array.from({ length: 40 }, (_, shift) => `${'a'.repeat(shift)}${'é'.repeat(80)}`);

/** A file far down, with all the directories that lead to it. */
function deep(components: string[]): Entry[] {
  const paths = components.map((_, at) => components.slice(0, at + 1).join('/'));
  return paths.map((path, at) => (at === paths.length - 1 ? file(path) : directory(path)));
}

const HONEST: Record<string, Entry[]> = {
  'strange names': STRANGE_NAMES.map((name) => file(name)),
  'strange names of directories': STRANGE_NAMES.flatMap((name) => [directory(name), file(`${name}/x`)]),
  'two spellings of one letter': [file('re\u0301sume\u0301'), file('résumé')],
  'two cases of one letter': [file('NOTES.md'), directory('Memory')],
  'manifest.json in a folder': [file('memory/manifest.json', '{}')],
  'fields of a prototype in a category': [file('memory/facts/__proto__.json', '{}')],
  'path of 2,900 bytes': deep([...Array<string>(12).fill('n'.repeat(240)), 'x']),
  'path of 300 components': deep([...Array<string>(300).fill('d'), 'x']),
  'paths at the edge of the header fields': [
    ...deep(['p'.repeat(60), 'q'.repeat(60), 'x'.repeat(100)]),
    file('z'.repeat(99)),
    file('z'.repeat(100)),
    file('z'.repeat(101)),
    directory('y'.repeat(98)),
    directory('y'.repeat(99)),
    directory('y'.repeat(100)),
    directory('y'.repeat(101)),
    symlink('l99', 'z'.repeat(99)),
    symlink('l100', 'z'.repeat(100)),
    symlink('l101', 'z'.repeat(101)),
  ],
  'pax paths over 512 bytes in letters of two': MULTI_BYTE.flatMap((name, at) => [
    directory(`${at}`),
    directory(`${at}/${name}`),
    directory(`${at}/${name}/${name}`),
    directory(`${at}/${name}/${name}/${name}`),
    file(`${at}/${name}/${name}/${name}/${name}`),
  ]),
  'links that stay inside': [
    symlink('l', 'notes.md'),
    symlink('loop', 'loop'),
    symlink('dangling', 'not/here'),
    symlink('memory/up', '..'),
    symlink('memory/facts/round', '../../memory/facts'),
    symlink('memory/facts/self', '.'),
    symlink('through', 'memory/up/notes.md'),
    symlink('strange\nname', 'back\\slash'),
    symlink('four-thousand', `${'./'.repeat(1990)}notes.md`),
    hardLink('zz-hard', 'notes.md'),
    hardLink('zz-hard-again', 'notes.md'),
  ],
  'modes and times': [
    file('mode 000', 'x', { mode: 0 }),
    file('mode 444', 'x', { mode: 0o444 }),
    file('mode 777', 'x', { mode: 0o777 }),
    directory('sticky', { mode: 0o1777 }),
    directory('group', { mode: 0o2775 }),
    directory('read-only', { mode: 0o555 }),
    file('read-only/below'),
    file('1970', 'x', { mtime: 0 }),
    file('1969', 'x', { mtime: -1 }),
    file('1901', 'x', { mtime: -2_147_483_648 }),
    file('2040', 'x', { mtime: 2_208_988_800 }),
    file('2200', 'x', { mtime: 7_258_118_400 }),
    file('owner', 'x', { uid: 4_000_000_000, gid: 2_097_152 }),
  ],
  sizes: [0, 1, 511, 512, 513, 2 ** 20 - 1, 2 ** 20].map((size) => file(`${size}`, Buffer.alloc(size, 'size'))),
  'large files': [file('big', Buffer.alloc(5 * 2 ** 20 + 1, 'big')), file('just', Buffer.alloc(2 ** 20 + 1, 'just'))],
  '64 MiB of zeros': [file('zeros', Buffer.alloc(64 * 2 ** 20))],
};

const both = (name: string, extra: Entry[]): Valid[] => [
  { name, form: 'sealed', bytes: () => buildSnapshot(inOrder([...BASE, ...extra])), entries: [...BASE, ...extra] },
  { name, form: 'foreign', bytes: () => buildForeign(sameToAll(extra)), entries: sameToAll(extra) },
];

/** Without names that some readers change for Windows' sake: these a snapshot may hold, and a foreign archive not. */
function sameToAll(extra: Entry[]): Entry[] {
  return [...BASE, ...extra.filter(({ path }) => !/^[a-z]:|^\.\.\\/i.test(path))];
}

const cut = (name: string, layers: Layers): Valid => ({
  name,
  form: 'sealed',
  bytes: () => buildSnapshot(inOrder(BASE), layers),
  entries: BASE,
});

const plain = (name: string, archived: Entry[], layers: ForeignLayers = {}, entries = BASE): Valid => ({
  name,
  form: 'foreign',
  bytes: () => buildForeign(archived, { manifest: () => manifestOf(entries), ...layers }),
  entries,
});

const FILES = BASE.filter((entry) => entry.type === 'f');
/** 100 bytes are 33 of these letters and a third. */
const halved = file('日'.repeat(80));
const dotted = BASE.map((entry) => ({ ...entry, path: `./${entry.path}` }));
const longName = `${'n'.repeat(150)}.md`;
const longFile = file(longName);

export const HONEST_ARCHIVES: Valid[] = [
  ...Object.entries(HONEST).flatMap(([name, entries]) => both(name, entries)),
  cut('a member for each entry', { entriesPerMember: 1 }),
  cut('a block for each member', { entriesPerMember: 1, membersPerBlock: 1 }),
  cut('written to a pipe', {
    manifest: (manifest) => ({ ...manifest, sections: [], files: null, bytes: null, index_sha256: null }),
  }),
  cut('with fields of a later version', {
    manifest: (manifest) => ({ ...manifest, mood: 'fine' }),
    root: (root) => ({ ...root, manifest: { ...root.manifest, mood: 'fine' } }),
  }),
  plain('with a dot before each path', dotted),
  plain('with an entry for the directory itself', [directory('.'), ...dotted]),
  plain('with the manifest behind a dot', BASE, {
    manifestTar: (tar) =>
      Buffer.concat([ustarHeader({ path: './manifest.json', size: tar.length - 512 }), tar.subarray(512)]),
  }),
  plain('with directories behind what they hold', [...BASE].reverse()),
  plain('without entries for directories', FILES, {}, FILES),
  plain('with zeros behind the gzip, as on a tape', BASE, {
    gzip: (tar) => Buffer.concat([plainMember(tar), Buffer.alloc(1000)]),
  }),
  plain('with a long name of which ustar holds half a letter', [...BASE, halved], {}, [...BASE, halved]),
  plain(
    'with a GNU long name and a GNU long link',
    [
      ...BASE,
      {
        ...longFile,
        header: Buffer.concat([
          gnuLong('L', longName),
          ustarHeader({ path: longName, size: longFile.content.length }, { magic: 'ustar  \0' }),
        ]),
      },
      {
        ...symlink('link', longName),
        header: Buffer.concat([
          gnuLong('K', longName),
          ustarHeader({ path: 'link', type: '2', mode: 0o777, linkpath: longName }, { magic: 'ustar  \0' }),
        ]),
      },
    ],
    {},
    [...BASE, longFile, symlink('link', longName)],
  ),
  plain(
    'with the pax records that other tools write',
    BASE.map((entry) => {
      if (entry.type !== 'f') return entry;
      const records = paxHeader([
        ['mtime', '1770000000.000000000'],
        ['atime', '1770000001.5'],
        ['ctime', '1770000002.25'],
        ['LIBARCHIVE.creationtime', '1770000000'],
      ]);
      return {
        ...entry,
        header: Buffer.concat([records, ustarHeader({ path: entry.path, size: entry.content?.length ?? 0 })]),
      };
    }),
  ),
  plain('in several gzip members', BASE, {
    gzip: (tar) => Buffer.concat([0, 700, 1400].map((at, n, all) => gzipSync(tar.subarray(at, all[n + 1])))),
  }),
  plain('with a gzip header that names the file', BASE, {
    gzip: (tar) => {
      const header = Buffer.concat([Buffer.from('1f8b0808000000000003', 'hex'), Buffer.from('state.tar\0')]);
      return plainMember(tar, { header });
    },
  }),
  plain('filled up to ten kilobytes, as GNU tar does', BASE, { end: Buffer.alloc(10_240) }),
];
