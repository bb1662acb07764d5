import type { CaptureItem, LiveSource } from '../capture/capture-item.ts';
import type { FileAttributes } from '../capture/file-state.ts';
import type { EntryType } from '../format/entry.ts';
import type { FileStatus } from '../format/file-status.ts';
import type { FileKey } from '../system/file-key.ts';

/** An item as it is packed: what is not read live or from memory has been made so before. */
export type PackItem = CaptureItem & { source?: LiveSource | { kind: 'bytes'; bytes: Uint8Array } };

const TYPES: readonly EntryType[] = ['file', 'directory', 'symlink', 'hardlink'];
/** Flags beside the type of an item, of which there are fewer. */
const IDLE_DATABASE = 8;
const MAPPED = 16;

/** How many each item has in the columns below. */
const NUMBERS = 5;
const BIG_NUMBERS = 5;

/**
 * The items of one member, as they are sent to a worker. Columns, for a thread receives a few long values far faster than many
 * small objects.
 */
export interface PackBatch {
  /** When the scan had looked at all of them, by `monotonicMs`. */
  seenMs: number;
  /** Paths, then targets of links, each ended by a NUL. */
  paths: string;
  links: string;
  /** For each item: type and flags, mode, uid, gid, size. */
  numbers: Float64Array;
  /** For each item: mtimeNs; of a live file also dev, ino, ctimeNs, mtimeNs of what is read: a private copy has another than its entry. */
  bigNumbers: BigInt64Array;
  /** Times of `bigNumbers` that 64 bits do not hold (before 1677, after 2262), by their place there. */
  farTimes: Map<number, bigint>;
  /** Absolute path of files that are read from elsewhere than their own path, by item. */
  elsewhere: Map<number, string>;
  /** Content that is in memory already, by item. */
  bytes: Map<number, Uint8Array>;
}

/** What a worker reports of an item that did not go as planned. */
export interface PackDeviation {
  item: number;
  status: FileStatus;
  detail: string;
  /** Not in the member. */
  lost: boolean;
  /** Length of the content that is in the member. */
  size: number;
  /** Where they are not those of the item. */
  attributes: FileAttributes | null;
  /** The file that was read, if it is another than the scan saw. */
  replaced: FileKey | null;
}

export interface PackedBatch {
  /** The whole member, or null when nothing of the batch was left, or it is known. */
  member: Uint8Array | null;
  /** Whether all of the batch is as planned, and its files have the digests that were known: then nothing was compressed. */
  isKnown: boolean;
  /** Tar bytes that it holds. */
  raw: number;
  /** SHA-256 of the member, in hexadecimal. */
  sha256: string;
  /** SHA-256 of each file that is in the member, in hexadecimal, one after the other. */
  digests: string;
  deviations: PackDeviation[];
}

/**
 * @param root absolute path of the state directory, ending with `/`
 * @param seenMs when the scan had looked at all of them, by `monotonicMs`
 */
export function encodeBatch(items: readonly PackItem[], root: string, seenMs: number): PackBatch {
  let paths = '';
  let links = '';
  const numbers = new Float64Array(items.length * NUMBERS);
  const bigNumbers = new BigInt64Array(items.length * BIG_NUMBERS);
  const farTimes = new Map<number, bigint>();
  const putTime = (at: number, ns: bigint): void => {
    bigNumbers[at] = ns;
    if (bigNumbers[at] !== ns) farTimes.set(at, ns);
  };
  const elsewhere = new Map<number, string>();
  const bytes = new Map<number, Uint8Array>();
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as PackItem;
    paths += `${item.path}\0`;
    let code = TYPES.indexOf(item.type);
    putTime(i * BIG_NUMBERS, item.mtimeNs);
    if (item.type === 'symlink' || item.type === 'hardlink') links += `${item.link}\0`;
    if (item.type === 'file') {
      numbers[i * NUMBERS + 4] = item.size;
      const { source } = item;
      if (source.kind === 'live') {
        if (source.idleDatabase) code |= IDLE_DATABASE;
        if (source.mapped) code |= MAPPED;
        bigNumbers[i * BIG_NUMBERS + 1] = BigInt.asIntN(64, source.expect.dev);
        bigNumbers[i * BIG_NUMBERS + 2] = BigInt.asIntN(64, source.expect.ino);
        putTime(i * BIG_NUMBERS + 3, source.expect.ctimeNs);
        putTime(i * BIG_NUMBERS + 4, source.expect.mtimeNs);
        if (source.absolute !== root + item.path) elsewhere.set(i, source.absolute);
      } else if (source.kind === 'bytes') {
        bytes.set(i, source.bytes);
      }
    }
    numbers[i * NUMBERS] = code;
    numbers[i * NUMBERS + 1] = item.mode;
    numbers[i * NUMBERS + 2] = item.uid;
    numbers[i * NUMBERS + 3] = item.gid;
  }
  return { seenMs, paths, links, numbers, bigNumbers, farTimes, elsewhere, bytes };
}

/** The items of a batch; the inverse of `encodeBatch`. */
export function decodeBatch(batch: PackBatch, root: string): PackItem[] {
  const { numbers, bigNumbers, farTimes } = batch;
  const timeAt = (at: number): bigint => farTimes.get(at) ?? (bigNumbers[at] as bigint);
  const paths = batch.paths.split('\0');
  const links = batch.links.split('\0');
  const items: PackItem[] = [];
  let nextLink = 0;
  for (let i = 0; i < paths.length - 1; i++) {
    const path = paths[i] as string;
    const code = numbers[i * NUMBERS] as number;
    const mode = numbers[i * NUMBERS + 1] as number;
    const uid = numbers[i * NUMBERS + 2] as number;
    const gid = numbers[i * NUMBERS + 3] as number;
    const size = numbers[i * NUMBERS + 4] as number;
    const mtimeNs = timeAt(i * BIG_NUMBERS);
    const type = TYPES[code & 3] as EntryType;
    if (type === 'directory') {
      items.push({ path, mode, uid, gid, mtimeNs, type });
      continue;
    }
    if (type === 'symlink') {
      items.push({ path, mode, uid, gid, mtimeNs, type, link: links[nextLink++] as string });
      continue;
    }
    const content = batch.bytes.get(i);
    if (content !== undefined && type === 'file') {
      items.push({ path, mode, uid, gid, mtimeNs, type, size, source: { kind: 'bytes', bytes: content } });
      continue;
    }
    const source: LiveSource = {
      kind: 'live',
      absolute: batch.elsewhere.get(i) ?? root + path,
      expect: {
        dev: BigInt.asUintN(64, bigNumbers[i * BIG_NUMBERS + 1] as bigint),
        ino: BigInt.asUintN(64, bigNumbers[i * BIG_NUMBERS + 2] as bigint),
        size,
        mtimeNs: timeAt(i * BIG_NUMBERS + 4),
        ctimeNs: timeAt(i * BIG_NUMBERS + 3),
      },
      idleDatabase: (code & IDLE_DATABASE) !== 0,
      mapped: (code & MAPPED) !== 0,
    };
    items.push(
      type === 'file'
        ? { path, mode, uid, gid, mtimeNs, type, size, source }
        : { path, mode, uid, gid, mtimeNs, type, link: links[nextLink++] as string, size: 0, source },
    );
  }
  return items;
}
