import type { Codec } from '../../../src/format/codec.ts';
import { BLOCK } from '../../../src/format/entry.ts';
import {
  decodeIndexPieces,
  decodeMember,
  END_MEMBER,
  indexStored,
  MEMBER_HEADER,
  memberLength,
} from '../../../src/format/gzip-member.ts';
import { blockEntries, blockMembers, decodeBlock } from '../../../src/format/index-block.ts';
import { decodePage } from '../../../src/format/index-page.ts';
import { parseRoot } from '../../../src/format/index-root.ts';
import { manifestHeader, parseFirstManifest, sameManifest } from '../../../src/format/manifest.ts';
import { parseSeal, SEAL_LENGTH } from '../../../src/format/seal.ts';
import { encodeHeader } from '../../../src/format/tar-header.ts';

/** A file of a snapshot, and what else was read on the way. */
export interface FoundFile {
  paths: string[];
  statuses: number;
  files: number | null | undefined;
  content: Uint8Array;
  sha256: string;
}

/** Reads a whole snapshot with src/format alone, and gives one of its files. */
export function readFile(snapshot: Uint8Array, wanted: string, codec: Codec): FoundFile {
  const seal = parseSeal(snapshot.subarray(-SEAL_LENGTH));
  const manifestLength = memberLength(snapshot.subarray(0, MEMBER_HEADER), 'M');
  if (seal === null || manifestLength === null || seal.snapshotLength !== snapshot.length)
    throw new Error('no snapshot');
  const { indexOffset, indexLength, rootLength } = seal;
  const index = decodeIndexPieces(snapshot.subarray(indexOffset, indexOffset + indexStored(indexLength)));
  const root = parseRoot(index.subarray(indexLength - rootLength), codec);

  const member = snapshot.subarray(0, manifestLength);
  const size = new DataView(member.buffer, member.byteOffset).getUint32(manifestLength - 4, true);
  const manifestTar = decodeMember(member, 'M', size, codec);
  const first = parseFirstManifest(manifestTar.subarray(BLOCK));
  expectSame(manifestTar.subarray(0, BLOCK), manifestHeader(first.manifest, size - BLOCK));
  if (!sameManifest(first, root)) throw new Error('two manifests');

  const found: FoundFile = {
    paths: [],
    statuses: root.statuses.length,
    files: root.manifest.files,
    content: new Uint8Array(0),
    sha256: '',
  };
  let at = manifestLength;
  let indexAt = 0;
  for (const page of root.pages) {
    const pageAt = indexAt + page.block_bytes;
    for (const row of decodePage(index.subarray(pageAt, pageAt + page.length), at, codec)) {
      const block = decodeBlock(index.subarray(indexAt, indexAt + row.length), codec);
      indexAt += row.length;
      const tar = new Uint8Array(row.raw);
      let length = 0;
      for (const { stored, raw } of blockMembers(block)) {
        tar.set(decodeMember(snapshot.subarray(at, at + stored), 'D', raw, codec), length);
        length += raw;
        at += stored;
      }
      readEntries(block, tar, wanted, found);
    }
    indexAt = pageAt + page.length;
  }
  expectSame(snapshot.subarray(at, indexOffset), END_MEMBER);
  return found;
}

function readEntries(block: ReturnType<typeof decodeBlock>, tar: Uint8Array, wanted: string, found: FoundFile): void {
  let at = 0;
  for (const entry of blockEntries(block)) {
    const header = new Uint8Array(entry.headerBlocks * BLOCK);
    encodeHeader(entry, header, 0);
    expectSame(tar.subarray(at, at + header.length), header);
    at += header.length;
    found.paths.push(entry.path);
    if (entry.path === wanted) {
      found.content = tar.slice(at, at + entry.size);
      found.sha256 = entry.sha256 ?? '';
    }
    at += Math.ceil(entry.size / BLOCK) * BLOCK;
  }
}

function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  if (actual.length !== expected.length || actual.some((byte, i) => byte !== expected[i]))
    throw new Error('other bytes');
}
