import { hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import { BLOCK } from '../format/entry.ts';
import {
  claimsToBeOurs,
  DAMAGED_HINT,
  END_MEMBER,
  encodeStoredMember,
  indexStored,
  MEMBER_HEADER,
  memberLength,
} from '../format/gzip-member.ts';
import { type IndexRoot, parseRoot } from '../format/index-root.ts';
import {
  type IndexManifest,
  MAX_MANIFEST_BYTES,
  type Manifest,
  manifestHeader,
  parseFirstManifest,
  sameManifest,
} from '../format/manifest.ts';
import { invalidIndex, sumOf } from '../format/packed-columns.ts';
import { parseSeal, SEAL_LENGTH, type Seal } from '../format/seal.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { readRange } from '../storage/read-ahead.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { BlockTable } from './block-table.ts';
import { type IndexLocation, readIndex } from './index-reader.ts';
import { inflateMember } from './inflate-member.ts';

/** A snapshot whose seal, manifest and index root hold. Blocks and members are yet to be read. */
export interface SealedSnapshot {
  kind: 'sealed';
  source: RangeReader;
  /** The manifest that counts. */
  manifest: Manifest;
  root: IndexRoot;
  index: IndexLocation;
  blocks: BlockTable;
}

/** A foreign .tar.gz, of which only the manifest has been read. */
export interface ForeignArchive {
  kind: 'foreign';
  source: RangeReader;
  manifest: Manifest;
}

export type OpenSnapshot = SealedSnapshot | ForeignArchive;

/** How far after a seal other data is looked for, to distinguish it from a snapshot that was cut. */
const TRAILING_SEARCH = 64 * 1024;

/**
 * Reads the two ends of a snapshot: manifest, seal, root of the index. A few KiB, whatever the size of the rest.
 *
 * @throws BackupError one of kind `invalid`
 */
export async function openSnapshot(source: RangeReader): Promise<OpenSnapshot> {
  if (source.size === 0)
    throw new BackupError('SNAPSHOT_TRUNCATED', 'the snapshot is empty (0 bytes)', {
      path: source.name,
      hint: 'Writing or copying it was perhaps broken off. Nothing can be taken out of it: use another snapshot.',
    });
  const head = await readRange(source, 0, Math.min(MEMBER_HEADER, source.size));
  const manifestLength = memberLength(head, 'M');
  const seal =
    source.size < SEAL_LENGTH ? null : parseSeal(await readRange(source, source.size - SEAL_LENGTH, SEAL_LENGTH));
  if (!claimsToBeOurs(head) && seal === null) {
    // Loaded only for that: `show` waits for what this module loads.
    const { readForeignManifest } = await import('./foreign/read-foreign.ts');
    return { kind: 'foreign', source, manifest: await readForeignManifest(source) };
  }
  if (seal === null) throw await missingSeal(source);
  if (manifestLength === null) throw damaged('its first member is not the one that was sealed');
  if (seal.snapshotLength !== source.size) {
    throw damaged(`its seal was made for ${seal.snapshotLength} bytes, the file has ${source.size}`);
  }
  const stated = await readManifest(source, manifestLength, seal);
  const root = await readRoot(source, seal);
  checkManifests(stated, root, seal);
  const index = { reader: source, offset: seal.indexOffset, length: seal.indexLength };
  return {
    kind: 'sealed',
    source,
    manifest: root.manifest,
    root,
    index,
    blocks: await locateBlocks(source, index, manifestLength, seal, root),
  };
}

function damaged(what: string): BackupError {
  return new BackupError('SNAPSHOT_DAMAGED', `the snapshot is damaged: ${what}`, { hint: DAMAGED_HINT });
}

/** Distinguishes a snapshot that was cut from one that something was added to. */
async function missingSeal(source: RangeReader): Promise<BackupError> {
  const length = Math.min(source.size, TRAILING_SEARCH);
  const tail = await readRange(source, source.size - length, length);
  for (let at = tail.lastIndexOf('OX'); at >= 12; at = tail.lastIndexOf('OX', at - 1)) {
    const end = at - 12 + SEAL_LENGTH;
    if (parseSeal(tail.subarray(at - 12, end)) !== null) {
      return new BackupError('TRAILING_DATA', `${length - end} bytes follow the end of the snapshot`, {
        hint: `Something was appended to it. Use an untouched copy, or cut that off (head -c ${source.size - length + end} FILE > COPY) and verify the result.`,
      });
    }
  }
  return new BackupError(
    'SNAPSHOT_TRUNCATED',
    'the snapshot does not end in its seal: it was cut short, or its end is damaged',
    { hint: DAMAGED_HINT },
  );
}

async function readManifest(source: RangeReader, length: number, seal: Seal): Promise<IndexManifest> {
  if (length > MAX_MANIFEST_BYTES) {
    throw new BackupError('MANIFEST_INVALID', `manifest.json of the snapshot is too large (${length} bytes)`, {
      hint: DAMAGED_HINT,
    });
  }
  if (length > source.size) throw damaged('its first member is longer than the file');
  const member = await readRange(source, 0, length);
  if (!(hash('sha256', member, 'buffer') as Buffer).equals(seal.manifestSha256))
    throw damaged('its first member has not the SHA-256 of the seal');
  const raw = member.readUInt32LE(member.length - 4);
  const entry = inflateMember(member, 'M', Math.min(raw, MAX_MANIFEST_BYTES));
  if (entry.length < 2 * BLOCK || !member.equals(encodeStoredMember('M', entry, NODE_CODEC)))
    throw damaged('its first member is not stored as it must be');
  if (entry.length % BLOCK !== 0) throw headerError();
  const first = parseFirstManifest(entry.subarray(BLOCK));
  if (!entry.subarray(0, BLOCK).equals(manifestHeader(first.manifest, entry.length - BLOCK))) throw headerError();
  return first;
}

function headerError(): BackupError {
  return new BackupError('TAR_INVALID', 'the tar header of manifest.json is not the one that the format makes', {
    hint: DAMAGED_HINT,
  });
}

async function readRoot(source: RangeReader, seal: Seal): Promise<IndexRoot> {
  const { indexOffset, indexLength, rootLength, rootSha256 } = seal;
  if (rootLength > indexLength || indexOffset + indexStored(indexLength) + SEAL_LENGTH !== source.size) {
    throw damaged('its seal and its index do not fit together');
  }
  const bytes = await readIndex(
    { reader: source, offset: indexOffset, length: indexLength },
    indexLength - rootLength,
    rootLength,
  );
  if (!(hash('sha256', bytes, 'buffer') as Buffer).equals(rootSha256))
    throw damaged('the header of its index has not the SHA-256 of the seal');
  return parseRoot(bytes, NODE_CODEC);
}

function checkManifests(first: IndexManifest, root: IndexRoot, seal: Seal): void {
  const { index_sha256: digest } = first.manifest;
  // Written to a pipe: the manifest came before what it counts, and the root's takes its place.
  if (digest === null) return;
  if (digest !== NODE_CODEC.toHex(seal.rootSha256) || !sameManifest(first, root)) {
    throw new BackupError('MANIFEST_MISMATCH', 'manifest.json and the index of the snapshot do not belong together', {
      hint: DAMAGED_HINT,
    });
  }
}

/** Finds the pages of the index, and verifies that they, their blocks and the blocks' members fill the file without a gap. */
async function locateBlocks(
  source: RangeReader,
  index: IndexLocation,
  offset: number,
  seal: Seal,
  root: IndexRoot,
): Promise<BlockTable> {
  const blocks = new BlockTable(index, root.pages, offset);
  if (blocks.indexBytes !== seal.indexLength - seal.rootLength) throw invalidIndex('has a gap between its pages');
  const entries = sumOf(root.pages.map((page) => page.entries));
  const raw = sumOf(root.pages.map((page) => page.raw));
  if (entries !== root.totals.entries || raw !== root.totals.tarBytes)
    throw invalidIndex('has totals that are not those of its pages');
  if (blocks.end + END_MEMBER.length !== seal.indexOffset) throw invalidIndex('leaves a gap between the members');
  if (!(await readRange(source, blocks.end, END_MEMBER.length)).equals(END_MEMBER)) {
    throw new BackupError('GZIP_INVALID', 'the member that ends the tar is not as it must be', { hint: DAMAGED_HINT });
  }
  return blocks;
}
