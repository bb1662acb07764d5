/** Changes of a sealed snapshot beside entries and their headers: members, index, manifest and seal, with all that is derived from them made anew. */
import { constants, deflateRawSync } from 'node:zlib';
import { directory, file, tarBytes } from '../archives/entry.ts';
import { tarMember } from '../archives/gzip-member.ts';
import type { Layers } from '../archives/snapshot.ts';
import { END_OF_TAR } from '../archives/tar-bytes.ts';
import { HEADER_MUTATORS, pick, type Random } from './mutators.ts';

const tarOf = (entry: Parameters<typeof tarBytes>[0]): Buffer => Buffer.concat(Object.values(tarBytes(entry)));
const HIDDEN = [
  tarOf(file('evil', 'evil')),
  tarOf(directory('evil')),
  Buffer.alloc(512),
  END_OF_TAR,
  Buffer.from('evil'),
];
const VALUES = [0, 1, -1, 512, 2 ** 40, 1.5, '', 'a.bin', 'b.bin', null, [], {}];

/** Another value for one that was there: near it, or of another kind. */
function another(value: unknown, random: Random): unknown {
  if (typeof value === 'number' && random(2) === 0) return value + pick([-512, -1, 1, 512], random);
  return pick(VALUES, random);
}

/** Changes one item of a list: its value, whether it is there, its place. */
function changeList(list: unknown[], random: Random): void {
  const at = random(Math.max(1, list.length));
  switch (random(4)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, list[at]);
      break;
    case 2:
      list.reverse();
      break;
    default:
      list[at] = another(list[at], random);
  }
}

function changeDigests(digests: Buffer[], random: Random): void {
  const kind = random(5);
  if (kind === 4) return;
  if (kind === 3) digests[0]?.writeUInt8(random(256), random(32));
  else if (kind === 2) digests.reverse();
  else if (kind === 1) digests.push(Buffer.alloc(32));
  else digests.pop();
}

function changeFields(fields: object, random: Random): void {
  const record = fields as Record<string, unknown>;
  // Fields that the format does not know are ignored, whatever they hold.
  if (random(4) === 0) {
    record[`later-${random(1e9)}`] = pick(VALUES, random);
    return;
  }
  const key = pick(Object.keys(record), random);
  if (random(5) === 0) delete record[key];
  else if (Array.isArray(record[key])) changeList(record[key], random);
  else record[key] = another(record[key], random);
}

/** What to change in a snapshot; none changes nothing but by chance. */
export const LAYER_MUTATORS: Record<string, (random: Random) => Layers> = {
  'block columns': (random) => ({ columns: (columns) => changeFields(columns, random) }),
  'block digests': (random) => ({ digests: (digests) => changeDigests(pick(Object.values(digests), random), random) }),
  'block bytes': (random) => ({ block: (bytes) => Buffer.concat([bytes, Buffer.alloc(random(2) * random(40))]) }),
  'page columns': (random) => ({ pageColumns: (columns) => changeFields(columns, random) }),
  'index header': (random) => ({
    root: (root) => {
      changeFields(pick([root, root.directory, root.totals, root.pages[0] ?? root], random), random);
      return root;
    },
  }),
  'index header, compressed otherwise': (random) => ({
    rootBytes: (_, json) => deflateRawSync(json + ' '.repeat(random(3)), { level: random(10) }),
  }),
  'index members': (random) => ({
    index: (members) => {
      changeList(members, (below) => (below === 4 ? random(3) : random(below)));
      return members;
    },
  }),
  'both manifests': (random) => {
    const later = { [`later-${random(1e9)}`]: pick(VALUES, random), tool: `${random(1e9)}` };
    return {
      manifest: (manifest, digest) => ({ ...manifest, ...later, index_sha256: pick([digest, null], random) }),
      root: (root) => ({ ...root, manifest: { ...root.manifest, ...later } }),
    };
  },
  manifest: (random) => ({
    manifest: (manifest, digest) => {
      const changed = { ...manifest, index_sha256: digest };
      changeFields(changed, random);
      return changed;
    },
  }),
  'header of the manifest': (random) => {
    const mutate = pick(Object.values(HEADER_MUTATORS), random);
    const seed = random(1000);
    return {
      // Made twice, and of the same length both times.
      manifestTar: (tar) => Buffer.concat([mutate(tar.subarray(0, 512), (below) => seed % below), tar.subarray(512)]),
    };
  },
  'behind the manifest': (random) => {
    const hidden = pick(HIDDEN, random);
    return { manifestTar: (tar) => Buffer.concat([tar, hidden]) };
  },
  'member with more in it': (random) => {
    const hidden = pick(HIDDEN, random);
    return {
      entriesPerMember: 2,
      member: (member, _, raw) => (random(3) === 0 ? tarMember('D', Buffer.concat([raw, hidden])) : member),
    };
  },
  'member with less in it': (random) => ({
    entriesPerMember: 2,
    member: (member, _, raw) => (random(3) === 0 ? tarMember('D', raw.subarray(0, -512)) : member),
  }),
  'member compressed otherwise': (random) => {
    const [level, cut] = [random(10), random(2000)];
    return {
      entriesPerMember: 1 + random(4),
      member: (_member, _number, raw) => {
        const head = deflateRawSync(raw.subarray(0, cut), { level, finishFlush: constants.Z_FULL_FLUSH });
        return tarMember('D', raw, { deflate: Buffer.concat([head, deflateRawSync(raw.subarray(cut), { level })]) });
      },
    };
  },
  'member cut elsewhere': (random) => ({ splitAt: 512 * (1 + random(12)) + random(2) * random(512) }),
  'members and blocks of other sizes': (random) => ({
    entriesPerMember: 1 + random(4),
    membersPerBlock: 1 + random(3),
    blocksPerPage: 1 + random(3),
  }),
  'end of the tar': (random) => {
    const hidden = pick(HIDDEN, random);
    const parts = pick([[hidden], [hidden, END_OF_TAR], [END_OF_TAR, hidden], [END_OF_TAR]], random);
    return { end: tarMember('E', Buffer.concat(parts)) };
  },
  seal: (random) => ({
    seal: (seal) => {
      const key = pick(['version', 'length', 'indexOffset', 'indexLength', 'rootLength'] as const, random);
      seal[key] = Math.max(0, seal[key] + pick([-512, -1, 0, 1, 512], random));
      if (key === 'version') seal.version &= 0xff;
    },
  }),
  'digests of the seal': (random) => ({
    seal: (seal) => pick([seal.rootSha256, seal.manifestSha256], random).writeUInt8(random(256), random(32)),
  }),
};
