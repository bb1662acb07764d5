/** Entries of an archive to be built, valid unless an override says otherwise. */
import { createHash } from 'node:crypto';
import { type HeaderFields, padded, validHeader } from './tar-bytes.ts';

export interface Entry {
  path: string;
  /** As the index has it: file, directory, symbolic link, hard link. */
  type: 'f' | 'd' | 'l' | 'h';
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  mtimeNs?: number;
  content?: Buffer;
  link?: string;

  /** What the tar's header says instead. */
  tar?: Partial<HeaderFields>;
  /** All header blocks instead. */
  header?: Buffer;
  /** What follows the header blocks instead of content and padding. */
  body?: Buffer;
  /** What the index says instead. */
  index?: Partial<IndexRow>;
}

export interface IndexRow {
  path: unknown;
  type: string;
  mode: unknown;
  uid: unknown;
  gid: unknown;
  mtime: unknown;
  mtime_ns: unknown;
  size: unknown;
  link: unknown;
  sha256: Buffer;
}

export const file = (path: string, content: string | Buffer = `content of ${path}\n`, more: Partial<Entry> = {}) =>
  ({ path, type: 'f', content: Buffer.from(content), ...more }) satisfies Entry;
export const directory = (path: string, more: Partial<Entry> = {}) => ({ path, type: 'd', ...more }) satisfies Entry;
export const symlink = (path: string, link: string, more: Partial<Entry> = {}) =>
  ({ path, type: 'l', link, ...more }) satisfies Entry;
export const hardLink = (path: string, link: string, more: Partial<Entry> = {}) =>
  ({ path, type: 'h', link, ...more }) satisfies Entry;

const MODES = { f: 0o644, d: 0o755, l: 0o777, h: 0o644 };
const TYPE_FLAGS = { f: '0', d: '5', l: '2', h: '1' };

/** The entry in the tar: header blocks and what follows them. */
export function tarBytes(entry: Entry): { header: Buffer; body: Buffer } {
  const content = entry.content ?? Buffer.alloc(0);
  const header =
    entry.header ??
    validHeader({
      path: entry.type === 'd' ? `${entry.path}/` : entry.path,
      type: TYPE_FLAGS[entry.type],
      mode: entry.mode ?? MODES[entry.type],
      uid: entry.uid ?? 1000,
      gid: entry.gid ?? 1000,
      size: content.length,
      mtime: entry.mtime ?? 1_770_000_000,
      linkpath: entry.link ?? '',
      ...entry.tar,
    });
  return { header, body: entry.body ?? padded(content) };
}

/** The entry in the index. */
export function indexRow(entry: Entry): IndexRow {
  const content = entry.content ?? Buffer.alloc(0);
  return {
    path: entry.path,
    type: entry.type,
    mode: entry.mode ?? MODES[entry.type],
    uid: entry.uid ?? 1000,
    gid: entry.gid ?? 1000,
    mtime: entry.mtime ?? 1_770_000_000,
    mtime_ns: entry.mtimeNs ?? 0,
    size: content.length,
    link: entry.link ?? '',
    sha256: createHash('sha256').update(content).digest(),
    ...entry.index,
  };
}

/** In the order of the format: byte by byte, `/` below every other byte. Entries of one path keep their order. */
export function inOrder(entries: Entry[]): Entry[] {
  const key = (path: string) => Buffer.from(path).map((byte) => (byte === 0x2f ? 0 : byte));
  return [...entries].sort((a, b) => Buffer.compare(key(a.path), key(b.path)));
}
