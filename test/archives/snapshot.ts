/**
 * Sealed snapshots from a list of entries, written from SNAPSHOT-FORMAT.md alone. Each layer can be overridden; all that
 * is derived from it afterwards (lengths, offsets, digests, seal) follows, so that a lie comes consistently resealed.
 */
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { type Entry, type IndexRow, indexRow, tarBytes } from './entry.ts';
import { emptyMember, tarMember } from './gzip-member.ts';
import { manifestOf, manifestTar, type SealedManifest } from './manifest.ts';
import { END_OF_TAR } from './tar-bytes.ts';

const MIB = 2 ** 20;

export interface Layers {
  /** Number of entries after which a member ends, besides those that end at a large file. Default: never. */
  entriesPerMember?: number;
  /** Default: all. */
  membersPerBlock?: number;
  /** Default: all. */
  blocksPerPage?: number;
  /** Changes what becomes of the manifest in member `M`. `sha256` is the root's digest. */
  manifest?: (manifest: SealedManifest, sha256: string) => unknown;
  /** Tar bytes of member `M` instead. */
  manifestTar?: (tar: Buffer) => Buffer;
  /** Member `M` instead, of these tar bytes. Its length must not depend on a digest in them. */
  memberM?: (tar: Buffer) => Buffer;
  /** Changes members `D`, given one by one with the tar bytes that they hold. */
  member?: (member: Buffer, number: number, raw: Buffer) => Buffer;
  /** Member `E` instead. */
  end?: Buffer;
  /** Changes the columns of a block. */
  columns?: (columns: Columns, block: number) => void;
  /** Changes the digests of a block. */
  digests?: (digests: Digests, block: number) => void;
  /** Changes an encoded block. */
  block?: (bytes: Buffer, block: number) => Buffer;
  /** Changes what a page says of its blocks. */
  rows?: (rows: BlockRow[], page: number) => void;
  /** Changes the columns of a page. */
  pageColumns?: (columns: Record<string, unknown[]>, page: number) => void;
  /** Changes an encoded page. */
  page?: (bytes: Buffer, page: number) => Buffer;
  /** Changes the root before it is compressed; its `manifest` is the valid one. */
  root?: (root: Root) => unknown;
  /** A deflated root instead; it is given the valid one, and its JSON. */
  rootBytes?: (stored: Buffer, json: string) => Buffer;
  /** Bytes of which the seal has the digest, instead of all of the root. */
  rootSha256Of?: (stored: Buffer) => Buffer;
  /** Tar bytes after which the first member ends, wherever that is. */
  splitAt?: number;
  /** Changes the `I` members. */
  index?: (members: Buffer[]) => Buffer[];
  seal?: (seal: Seal) => void;
  /** Changes the member `S`. */
  sealMember?: (member: Buffer) => Buffer;
}

export interface Seal {
  version: number;
  length: number;
  indexOffset: number;
  indexLength: number;
  rootLength: number;
  rootSha256: Buffer;
  manifestSha256: Buffer;
}

/** Digests of a block: of files, of members as they stand, of pieces of large files. */
export interface Digests {
  files: Buffer[];
  members: Buffer[];
  pieces: Buffer[];
}

/** The columns of a block: a list each, but for the types, which are a letter each. */
export interface Columns extends Record<Exclude<keyof IndexRow, 'type' | 'sha256'>, unknown[]> {
  type: string;
  stored: number[];
  raw: number[];
}

/** What a page says of a block. */
export interface BlockRow {
  first: unknown;
  entries: number;
  members: number;
  length: number;
  sha256: Buffer;
  stored: number;
  raw: number;
}

/** What the index header says of a page. */
export interface PageRow {
  first: unknown;
  blocks: number;
  entries: number;
  block_bytes: number;
  length: number;
  sha256: string;
  stored: number;
  raw: number;
}

export interface Root {
  format: number;
  requires: unknown;
  manifest: SealedManifest;
  directory: Record<'mode' | 'uid' | 'gid' | 'mtime' | 'mtime_ns', number>;
  totals: Record<'entries' | 'files' | 'directories' | 'symlinks' | 'hard_links' | 'bytes' | 'tar_bytes', number>;
  statuses: object[];
  pages: PageRow[];
}

interface Member {
  bytes: Buffer;
  raw: number;
  /** Content of a large file that takes more members than this. */
  piece: Buffer | null;
  entries: Entry[];
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** A whole snapshot. */
export function buildSnapshot(entries: Entry[], layers: Layers = {}): Buffer {
  const manifest = manifestOf(entries);
  const memberM = (digest: string): Buffer => {
    const json = layers.manifest?.({ ...manifest, index_sha256: digest }, digest) ?? {
      ...manifest,
      index_sha256: digest,
    };
    const tar = manifestTar(JSON.stringify(json));
    const inside = layers.manifestTar?.(tar) ?? tar;
    return layers.memberM?.(inside) ?? tarMember('M', inside);
  };
  // A digest has one length, whatever it is.
  const lengthOfM = memberM('0'.repeat(64)).length;

  const members = layers.splitAt === undefined ? cutMembers(entries, layers) : splitMember(entries, layers.splitAt);
  const memberE = layers.end ?? tarMember('E', END_OF_TAR);
  const perBlock = layers.membersPerBlock ?? Math.max(1, members.length);
  const blocks: Buffer[] = [];
  const described: BlockRow[] = [];
  let offset = lengthOfM;
  for (let at = 0, next = 0; at < members.length; at = next) {
    next = at + perBlock;
    // What continues a file stays with it.
    while (members[next]?.entries.length === 0) next += 1;
    const covered = members.slice(at, next);
    const number = blocks.length;
    const plain = encodeBlock(
      covered,
      (columns) => layers.columns?.(columns, number),
      (digests) => layers.digests?.(digests, number),
    );
    const block = layers.block?.(plain, number) ?? plain;
    const stored = sum(covered.map((member) => member.bytes.length));
    const inside = covered.flatMap((member) => member.entries);
    described.push({
      first: inside[0] === undefined ? '' : indexRow(inside[0]).path,
      entries: inside.length,
      members: covered.length,
      length: block.length,
      sha256: sha256(block),
      stored,
      raw: sum(covered.map((member) => member.raw)),
    });
    blocks.push(block);
    offset += stored;
  }
  const { index: blocksAndPages, pages } = writePages(blocks, described, layers);
  const count = (type: string): number => entries.filter((entry) => indexRow(entry).type === type).length;
  const validRoot: Root = {
    format: 1,
    manifest,
    requires: [],
    directory: { mode: 0o755, uid: 1000, gid: 1000, mtime: 1_770_000_001, mtime_ns: 5 },
    totals: {
      entries: entries.length,
      files: count('f'),
      directories: count('d'),
      symlinks: count('l'),
      hard_links: count('h'),
      bytes: sum(entries.filter((entry) => indexRow(entry).type === 'f').map((entry) => Number(indexRow(entry).size))),
      tar_bytes: sum(members.map((member) => member.raw)),
    },
    statuses: [],
    pages,
  };
  const rootJson = JSON.stringify(layers.root?.(structuredClone(validRoot)) ?? validRoot);
  const plainRoot = deflateRawSync(rootJson);
  const root = layers.rootBytes?.(plainRoot, rootJson) ?? plainRoot;
  const index = Buffer.concat([blocksAndPages, root]);
  const plainPieces = cutIndex(index);
  const pieces = layers.index?.(plainPieces) ?? plainPieces;

  const finalM = memberM(sha256(root).toString('hex'));
  const beforeSeal = Buffer.concat([finalM, ...members.map((member) => member.bytes), memberE, ...pieces]);
  const seal: Seal = {
    version: 1,
    length: beforeSeal.length + 124,
    indexOffset: offset + memberE.length,
    indexLength: index.length,
    rootLength: root.length,
    rootSha256: sha256(layers.rootSha256Of?.(root) ?? root),
    manifestSha256: sha256(finalM),
  };
  layers.seal?.(seal);
  const memberS = encodeSeal(seal);
  return Buffer.concat([beforeSeal, layers.sealMember?.(memberS) ?? memberS]);
}

/** All entries in two members, cut where no writer does. */
function splitMember(entries: Entry[], at: number): Member[] {
  const raw = Buffer.concat(entries.flatMap((entry) => Object.values(tarBytes(entry))));
  return [raw.subarray(0, at), raw.subarray(at)].map((part, i) => ({
    bytes: tarMember('D', part),
    raw: part.length,
    piece: part,
    entries: i === 0 ? entries : [],
  }));
}

/** Pages behind the blocks that they list. */
function writePages(blocks: Buffer[], rows: BlockRow[], layers: Layers): { index: Buffer; pages: PageRow[] } {
  const parts: Buffer[] = [];
  const pages: PageRow[] = [];
  const perPage = layers.blocksPerPage ?? Math.max(1, blocks.length);
  for (let at = 0; at < blocks.length; at += perPage) {
    const listed = rows.slice(at, at + perPage);
    const valid = listed.map((row) => ({ ...row }));
    layers.rows?.(listed, pages.length);
    const column = (key: keyof BlockRow) => listed.map((row) => row[key]);
    const columns: Record<string, unknown[]> = {
      first: column('first'),
      entries: column('entries'),
      members: column('members'),
      length: column('length'),
      stored: column('stored'),
      raw: column('raw'),
    };
    layers.pageColumns?.(columns, pages.length);
    const plain = packed(
      columns,
      listed.map((row) => row.sha256),
    );
    const page = layers.page?.(plain, pages.length) ?? plain;
    parts.push(...blocks.slice(at, at + perPage), page);
    pages.push({
      first: valid[0]?.first,
      blocks: valid.length,
      entries: sum(valid.map((row) => row.entries)),
      block_bytes: sum(valid.map((row) => row.length)),
      length: page.length,
      sha256: sha256(page).toString('hex'),
      stored: sum(valid.map((row) => row.stored)),
      raw: sum(valid.map((row) => row.raw)),
    });
  }
  return { index: Buffer.concat(parts), pages };
}

/** The length of the deflated columns, these, and digests. */
export function packed(columns: object, digests: Buffer[]): Buffer {
  const deflated = deflateRawSync(JSON.stringify(columns));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(deflated.length);
  return Buffer.concat([length, deflated, ...digests]);
}

function cutMembers(entries: Entry[], layers: Layers): Member[] {
  const members: Member[] = [];
  let pending: Buffer[] = [];
  let inside: Entry[] = [];
  const close = (piece: Buffer | null = null) => {
    if (pending.length === 0) return;
    const raw = Buffer.concat(pending);
    const plain = tarMember('D', raw);
    members.push({
      bytes: layers.member?.(plain, members.length, raw) ?? plain,
      raw: raw.length,
      piece,
      entries: inside,
    });
    pending = [];
    inside = [];
  };
  for (const entry of entries) {
    const { header, body } = tarBytes(entry);
    const large = (entry.content?.length ?? 0) > MIB;
    if (large || inside.length === (layers.entriesPerMember ?? Number.POSITIVE_INFINITY)) close();
    pending.push(header, large ? body.subarray(0, MIB) : body);
    inside.push(entry);
    if (!large) continue;
    const content = entry.content ?? body;
    close(content.subarray(0, MIB));
    for (let at = MIB; at < content.length; at += MIB) {
      // The last piece has the padding.
      pending.push(body.subarray(at, at + MIB < content.length ? at + MIB : undefined));
      close(content.subarray(at, at + MIB));
    }
  }
  close();
  return members;
}

function encodeBlock(
  members: Member[],
  change: (columns: Columns) => void,
  changeDigests: (digests: Digests) => void,
): Buffer {
  const rows = members.flatMap((member) => member.entries).map(indexRow);
  const files = rows.filter((row) => row.type === 'f');
  const column = (key: keyof IndexRow, of: IndexRow[] = rows) => of.map((row) => row[key]);
  const columns: Columns = {
    path: column('path'),
    type: column('type').join(''),
    mode: column('mode'),
    uid: column('uid'),
    gid: column('gid'),
    mtime: column('mtime'),
    mtime_ns: column('mtime_ns'),
    size: column('size', files),
    link: column(
      'link',
      rows.filter((row) => row.type === 'l' || row.type === 'h'),
    ),
    stored: members.map((member) => member.bytes.length),
    raw: members.map((member) => member.raw),
  };
  const digests: Digests = {
    files: files.map((row) => row.sha256),
    members: members.map((member) => sha256(member.bytes)),
    pieces: members.flatMap(({ piece }) => (piece === null ? [] : [sha256(piece)])),
  };
  change(columns);
  changeDigests(digests);
  return packed(columns, [...digests.files, ...digests.members, ...digests.pieces]);
}

function cutIndex(index: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < index.length; at += 8000) pieces.push(emptyMember('I', index.subarray(at, at + 8000)));
  return pieces;
}

export function encodeSeal(seal: Seal): Buffer {
  const bytes = Buffer.alloc(97);
  bytes.writeUInt8(seal.version, 0);
  bytes.writeBigUInt64LE(BigInt(seal.length), 1);
  bytes.writeBigUInt64LE(BigInt(seal.indexOffset), 9);
  bytes.writeBigUInt64LE(BigInt(seal.indexLength), 17);
  bytes.writeBigUInt64LE(BigInt(seal.rootLength), 25);
  seal.rootSha256.copy(bytes, 33);
  seal.manifestSha256.copy(bytes, 65);
  return emptyMember('S', bytes);
}
