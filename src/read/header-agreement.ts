import { BLOCK, type Entry } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { encodeHeader } from '../format/tar-header.ts';
import { problemOf } from './problem.ts';
import { TarGate } from './unsealed/tar-gate.ts';

const TYPE_OFFSET = 156;
const PAX_HEADER = 0x78;

/** Most bytes of UTF-8 for a UTF-16 code unit. */
const MOST_UTF8 = 3;

let canonical = Buffer.alloc(64 * BLOCK);

/**
 * Whether header blocks say of an entry what the index says. Those that this program writes are told by their bytes; those of another
 * writer, which may spell a number or split a name in its own way, are parsed.
 */
export function headerAgrees(entry: BlockEntry, header: Buffer): boolean {
  // It cannot hold names that are longer than it is; an index can name such, and none of them must be encoded.
  if (entry.path.length + (entry.link?.length ?? 0) > header.length) return false;
  const room = MOST_UTF8 * header.length + 8 * BLOCK;
  if (canonical.length < room) canonical = Buffer.alloc(room * 2);
  const blocks = encodeHeader(entry, canonical, 0);
  if (blocks * BLOCK === header.length && header.compare(canonical, 0, header.length) === 0) return true;
  const parsed = parseHeader(header);
  return parsed !== null && saysTheSame(parsed, entry);
}

/** Parses blocks that are one header, with at most a pax header before it. */
export function parseHeader(header: Buffer): Entry | null {
  if (header.length > BLOCK && header[TYPE_OFFSET] !== PAX_HEADER) return null;
  let parsed: Entry | null = null;
  const gate = new TarGate({
    begin(entry) {
      parsed = entry;
    },
    part() {},
    end() {},
  });
  try {
    gate.push(header.subarray(0, header.length - BLOCK));
    // What begins before the last block has content there.
    if (parsed !== null) return null;
    gate.push(header.subarray(header.length - BLOCK));
  } catch (error) {
    problemOf(error);
    return null;
  }
  return parsed;
}

function saysTheSame(parsed: Entry, entry: BlockEntry): boolean {
  return (
    parsed.path === (entry.type === 'directory' ? `${entry.path}/` : entry.path) &&
    parsed.type === entry.type &&
    parsed.mode === entry.mode &&
    parsed.uid === entry.uid &&
    parsed.gid === entry.gid &&
    parsed.mtime === entry.mtime &&
    parsed.mtimeNs === 0 &&
    parsed.size === entry.size &&
    parsed.link === entry.link
  );
}
