import { hash } from 'node:crypto';
import { END_MEMBER, indexStored, MEMBER_HEADER, memberLength } from '../../format/gzip-member.ts';
import { type IndexRoot, parseRoot } from '../../format/index-root.ts';
import { MAX_MANIFEST_BYTES } from '../../format/manifest.ts';
import { sumOf } from '../../format/packed-columns.ts';
import { parseSeal, SEAL_LENGTH, type Seal } from '../../format/seal.ts';
import { BlockTable } from '../../read/block-table.ts';
import { type IndexLocation, readIndex } from '../../read/index-reader.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { readRange } from '../../storage/read-ahead.ts';
import { NODE_CODEC } from '../../system/node-codec.ts';
import { type Problem, problemOf } from '../../validate/problem.ts';

/** An index whose header has the digest of its seal, wherever in the file the two are. */
export interface FoundIndex {
  root: IndexRoot;
  index: IndexLocation;
  blocks: BlockTable;
  /** How many bytes later than they should be seal and index are: bytes were added somewhere before them, or are missing if it is negative. */
  shift: number;
}

/** How far before the end of the file a seal is looked for. */
const SEARCH_BYTES = 1024 * 1024;
/** Where the letters that name a member's extra field are in it. */
const SUBFIELD_OFFSET = 12;

/**
 * Finds the seal and the index of a damaged snapshot, also where something follows them. A state directory may hold other
 * snapshots, with seals of their own: ours is the one that was made for our first member, or that is where it says.
 */
export async function findIndex(source: RangeReader, problems: Problem[]): Promise<FoundIndex | null> {
  const length = Math.min(source.size, SEARCH_BYTES);
  const tail = await readRange(source, source.size - length, length);
  for (let at = tail.lastIndexOf('OX'); at >= SUBFIELD_OFFSET; at = tail.lastIndexOf('OX', at - 1)) {
    const start = at - SUBFIELD_OFFSET;
    try {
      const seal = parseSeal(tail.subarray(start, start + SEAL_LENGTH));
      const found = seal === null ? null : await readFoundIndex(source, seal, source.size - length + start);
      if (found !== null) return found;
    } catch (error) {
      problems.push(problemOf(error));
    }
  }
  return null;
}

async function readFoundIndex(source: RangeReader, seal: Seal, sealOffset: number): Promise<FoundIndex | null> {
  const { indexLength, rootLength, rootSha256, snapshotLength } = seal;
  const shift = sealOffset + SEAL_LENGTH - snapshotLength;
  if (shift !== 0 && !(await sealsFirstMember(source, seal))) return null;
  const offset = sealOffset - indexStored(indexLength);
  if (offset < 0 || rootLength > indexLength) return null;
  const index = { reader: source, offset, length: indexLength };
  const bytes = await readIndex(index, indexLength - rootLength, rootLength);
  if (!(hash('sha256', bytes, 'buffer') as Buffer).equals(rootSha256)) return null;
  const root = parseRoot(bytes, NODE_CODEC);
  // Counted from the end, for of the first member nothing may be left.
  const firstMember = seal.indexOffset - END_MEMBER.length - sumOf(root.pages.map((page) => page.stored));
  const blocks = new BlockTable(index, root.pages, firstMember);
  if (blocks.indexBytes !== indexLength - rootLength) return null;
  return { root, index, blocks, shift };
}

async function sealsFirstMember(source: RangeReader, { manifestSha256 }: Seal): Promise<boolean> {
  const length = memberLength(await readRange(source, 0, Math.min(MEMBER_HEADER, source.size)), 'M');
  if (length === null || length > Math.min(source.size, MAX_MANIFEST_BYTES)) return false;
  return (hash('sha256', await readRange(source, 0, length), 'buffer') as Buffer).equals(manifestSha256);
}
