import { readdirSync } from 'node:fs';
import { comparePaths } from '../format/path-order.ts';

/** What a directory holds, in the order of the snapshot. */
export interface DirectoryNames {
  names: string[];
  /** Names that are not UTF-8. A snapshot cannot hold them. */
  undecodable: UndecodableName[];
}

export interface UndecodableName {
  /** With U+FFFD for what is not UTF-8. */
  decoded: string;
  /** With the bytes that are not printable ASCII as `\xNN`. */
  shown: string;
}

const REPLACEMENT = '\ufffd';
// Only from here on the order of UTF-16, which `sort` goes by, is not that of UTF-8.
const BEYOND_UTF16_ORDER = /[\ud800-\uffff]/;

/** Lists a directory. Throws what the system says. */
export function listDirectory(absolute: string): DirectoryNames {
  let names = readdirSync(absolute);
  let undecodable: UndecodableName[] = [];
  let inOrder = true;
  for (const name of names) if (BEYOND_UTF16_ORDER.test(name)) inOrder = false;
  if (!inOrder && names.some((name) => name.includes(REPLACEMENT))) {
    ({ names, undecodable } = separate(readdirSync(absolute, { encoding: 'buffer' })));
  }
  if (inOrder) names.sort();
  else names.sort(comparePaths);
  return { names, undecodable };
}

/** A name may truly contain U+FFFD: only its bytes distinguish that from one that could not be decoded. */
function separate(raw: Buffer[]): DirectoryNames {
  const names: string[] = [];
  const undecodable: UndecodableName[] = [];
  for (const bytes of raw) {
    const name = bytes.toString('utf8');
    if (Buffer.from(name, 'utf8').equals(bytes)) names.push(name);
    else undecodable.push({ decoded: name, shown: escapeBytes(bytes) });
  }
  return { names, undecodable };
}

/** Printable ASCII as it is, every other byte as `\xNN`. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
