/** The manifest and what it counts, AppleDouble files that it does not count, and limits. */
import { directory, type Entry, file } from '../../archives/entry.ts';
import { buildForeign } from '../../archives/foreign.ts';
import { manifestTar, type PlainManifest } from '../../archives/manifest.ts';
import { END_OF_TAR, ustarHeader } from '../../archives/tar-bytes.ts';
import { BASE } from '../../malicious/attack.ts';
import { make } from './make.ts';

const DOUBLE = Buffer.from('00051607000200004d6163204f53205820202020', 'hex');
const FILES = BASE.filter(({ type }) => type === 'f').length;

/** With other fields in the manifest. */
const saying = (fields: object, entries: Entry[] = []) =>
  make(entries, { manifest: (manifest) => ({ ...manifest, ...fields }) });

/** With another count of documents in memory/facts. */
const counting = (count: number, entries: Entry[]) =>
  make(entries, {
    manifest: ({ sections, ...rest }: PlainManifest) => ({
      ...rest,
      sections: sections.map(({ name, entry_count }) => ({
        name,
        entry_count: name === 'memory/facts' ? count : entry_count,
      })),
    }),
  });

const sized = (length: number) =>
  make([], { manifestTar: (tar) => manifestTar(tar.subarray(512).toString().trimEnd().padEnd(length, ' ')) });

/** Directories that lie above entries, and have none: a hundred of them above each file, in names that ustar holds. */
function implying(count: number): Entry[] {
  const entries: Entry[] = [];
  for (let left = count; left > 0; left -= 100) {
    const parts = Array<string>(Math.min(left, 100) - 1).fill('d');
    entries.push(file([`t${entries.length}`, ...parts, 'f'].join('/'), ''));
  }
  return entries;
}

export const MANIFESTS: Record<string, () => Buffer> = {
  'manifest with right counts': saying({ files: FILES, bytes: 15 + 4 + 15 + 10, snapshot_format: 1, tool: 'x' }),
  'manifest with counts that are null': saying({ files: null, bytes: null, index_sha256: null }),
  'manifest with another number of files': saying({ files: FILES + 1 }),
  'manifest with another number of bytes': saying({ bytes: 1 }),
  'manifest with a section of no entries': saying({
    sections: [
      { name: 'memory/facts', entry_count: 2 },
      { name: 'sessions', entry_count: 1 },
      { name: 'projects', entry_count: 0 },
    ],
  }),
  'manifest created at an offset': saying({ created_at: '2026-03-03T02:00:00.5+02:00' }),
  'manifest created before 1970': saying({ created_at: '1969-12-31T23:59:59Z' }),
  'manifest created without seconds': saying({ created_at: '2026-03-03T02:00Z' }),
  'manifest created in small letters': saying({ created_at: '2026-03-03t02:00:00z' }),
  'manifest with a field that nobody knows': saying({ later: { a: [1.5, null] } }),
  'manifest of snapshot_format 2': saying({ snapshot_format: 2 }),
  'manifest with files below 0': saying({ files: -1 }),
  'manifest with a tool that is a number': saying({ tool: 1 }),
  'manifest with a digest in capitals': saying({ index_sha256: 'AB'.repeat(32) }),
  'manifest of a MiB': sized(2 ** 20),
  'manifest of a MiB and 512 bytes': sized(2 ** 20 + 512),
  'manifest that is set-user-id': make([], {
    manifestTar: (tar) => manifestTar(tar.subarray(512), { mode: 0o4644 }),
  }),
  'manifest behind another entry': make([], {
    manifestTar: (tar) => Buffer.concat([ustarHeader({ path: 'first' }), tar]),
  }),
  'manifest that is a directory later': make([directory('manifest.json')]),
  'file below manifest.json': make([file('manifest.json/x')]),
  'archive without a manifest': make([], { manifestTar: () => Buffer.alloc(0) }),

  'AppleDouble in a section': counting(2, [file('memory/facts/._a.json', DOUBLE)]),
  'AppleDouble in a section, counted': counting(3, [file('memory/facts/._a.json', DOUBLE)]),
  'AppleDouble twice': make([file('._a.bin', DOUBLE), file('._a.bin', DOUBLE)]),
  'AppleDouble with a name that leads out': make([file('../._a.bin', DOUBLE)]),
  'file below an AppleDouble': make([file('._a.bin', DOUBLE), file('._a.bin/x')]),
  '._ of three bytes': make([file('._a.bin', DOUBLE.subarray(0, 3))]),

  'a MiB of zeros at the end': make([], { end: Buffer.alloc(2 ** 20) }),
  'more than a MiB of zeros at the end': make([], { end: Buffer.concat([Buffer.alloc(2 ** 20 - 512), END_OF_TAR]) }),
};

/** As many directories without an entry as there may be, and one more. Not for other readers to extract. */
export const IMPLIED: Record<string, () => Buffer> = {
  '1,000,000 directories without an entry': () => buildForeign(implying(1_000_000)),
  '1,000,001 directories without an entry': () => buildForeign(implying(1_000_001)),
};
