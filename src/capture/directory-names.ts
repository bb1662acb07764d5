import { readdirSync } from 'node:fs';
import { comparePaths } from '../format/path-order.ts';

/** What a directory holds, in the order of the snapshot. */
export interface DirectoryNames {
  names: string[];
  /** Names that are not UTF-8, with the bytes that are not shown as `\xNN`. A snapshot cannot hold them. */
  undecodable: string[];
}

const REPLACEMENT = '\ufffd';
// Only from here on the order of UTF-16, which `sort` goes by, is not that of UTF-8.
const BEYOND_UTF16_ORDER = /[\ud800-\uffff]/;

/** Lists a directory. Throws what the system says. */
export function listDirectory(absolute: string): DirectoryNames {
  let names = readdirSync(absolute);
  let undecodable: string[] = [];
  let inOrder = true;
  for (const name of names) if (BEYOND_UTF16_ORDER.test(name)) inOrder = false;
  if (!inOrder && names.some((name) => name.includes(REPLACEMENT))) {
    ({ names, undecodable } = separate(readdirSync(absolute, { encoding: 'buffer' })));
  }
  if (inOrder) names.sort();
  else names.sort(comparePaths);
  return { names, undecodable };
}

/** A name may truly contain U+FFFD: only its bytes tell that from one that could not be decoded. */
function separate(raw: Buffer[]): DirectoryNames {
  const names: string[] = [];
  const undecodable: string[] = [];
  for (const bytes of raw) {
    const name = bytes.toString('utf8');
    if (Buffer.from(name, 'utf8').equals(bytes)) names.push(name);
    else undecodable.push(escapeBytes(bytes));
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
