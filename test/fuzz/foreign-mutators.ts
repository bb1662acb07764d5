/** Changes of a foreign archive beside its headers: what holds the tar, its end, its order, the contents. */
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { type Entry, tarBytes } from '../archives/entry.ts';
import { plainMember } from '../archives/gzip-member.ts';
import { END_OF_TAR } from '../archives/tar-bytes.ts';
import { pick, type Random } from './mutators.ts';

/** What an archive is made of. */
export interface ForeignParts {
  manifest: Buffer;
  entries: Entry[];
  end: Buffer;
  gzip: (tar: Buffer) => Buffer;
}

/** Ends of which some go on. */
const REMAINS = [Buffer.alloc(0), Buffer.alloc(512), Buffer.from('x'), gzipSync('x'), gzipSync(END_OF_TAR)];

export const FOREIGN_MUTATORS: Record<string, (parts: ForeignParts, random: Random) => void> = {
  'gzip members': (parts, random) => {
    const cuts = Array.from({ length: 1 + random(4) }, () => random(6000)).sort((a, b) => a - b);
    parts.gzip = (tar) =>
      Buffer.concat(
        [0, ...cuts].map((from, i) => gzipSync(tar.subarray(from, cuts[i] ?? tar.length), { level: i % 10 })),
      );
  },
  'gzip header': (parts, random) => {
    const flags = random(32);
    const [extra, name] = [Buffer.alloc(2 + random(40)), Buffer.from(`n${random(1e9)}\0`)];
    extra.writeUInt16LE(extra.length - 2);
    const fields = [(flags & 4) > 0 ? extra : [], (flags & 8) > 0 ? name : [], (flags & 16) > 0 ? name : []];
    const header = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, flags & ~2, random(256), 0, 0, 0, random(256), random(256)]),
      ...fields.map((field) => Buffer.from(field)),
    ]);
    parts.gzip = (tar) => plainMember(tar, { header });
  },
  'deflate data': (parts, random) => {
    const [level, cut] = [random(10), random(6000)];
    parts.gzip = (tar) => {
      const head = deflateRawSync(tar.subarray(0, cut), { level, finishFlush: constants.Z_FULL_FLUSH });
      return plainMember(tar, { deflate: Buffer.concat([head, deflateRawSync(tar.subarray(cut))]) });
    };
  },
  'behind the gzip data': (parts, random) => {
    const behind = random(2) === 0 ? Buffer.alloc(random(2000)) : pick(REMAINS, random);
    parts.gzip = (tar) => Buffer.concat([plainMember(tar), behind]);
  },
  'end of the tar': (parts, random) => {
    parts.end = random(2) === 0 ? Buffer.alloc(512 * random(30)) : Buffer.concat([END_OF_TAR, pick(REMAINS, random)]);
  },
  'order of the entries': ({ entries }, random) => {
    for (let at = entries.length - 1; at > 0; at--) {
      const other = random(at + 1);
      [entries[at], entries[other]] = [entries[other] as Entry, entries[at] as Entry];
    }
  },
  'entry left out': ({ entries }, random) => {
    entries.splice(random(entries.length), 1 + random(2));
  },
  'entry twice': ({ entries }, random) => {
    entries.splice(random(entries.length + 1), 0, pick(entries, random));
  },
  'name behind ./': ({ entries }, random) => {
    const at = random(entries.length);
    const entry = entries[at] as Entry;
    entries[at] = { ...entry, path: `./${entry.path}`, ...(entry.type === 'h' ? { link: `./${entry.link}` } : {}) };
  },
  'padding of a content': ({ entries }, random) => {
    const files = entries.filter(({ type }) => type === 'f');
    const entry = pick(files, random);
    const body = Buffer.from(tarBytes(entry).body);
    body[body.length - 1 - random(40)] = random(256);
    entries[entries.indexOf(entry)] = { ...entry, body };
  },
};
