import { BackupError, type ErrorCode } from '../../errors.ts';
import { BLOCK, type Entry, type EntryType, padded } from '../../format/entry.ts';
import { MAX_MTIME } from '../../format/index-block.ts';
import { MALFORMED_HINT, MAX_PATH_BYTES } from '../../format/path-rules.ts';
import { printable } from '../../format/printable.ts';
import {
  Ambiguity,
  type HeaderFields,
  headerLink,
  headerPath,
  headerText,
  nameEndsInSlash,
  readHeader,
} from './header-fields.ts';
import { type PaxOverrides, parsePaxRecords } from './pax-records.ts';

/** Takes the entries of an archive one after the other. */
export interface TarVisitor {
  begin(entry: Entry): void;
  part(entry: Entry, content: Buffer): void;
  end(entry: Entry): void;
  /** The entry that begins next has attributes that are not restored. */
  attributes?(path: string): void;
}

const TYPES: Record<string, EntryType> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};
/** Of longer ones node-tar passes over those beyond 1 MiB, and bsdtar refuses some below. */
const MAX_PAX_BYTES = 512 * 1024;
/** First numbers that octal fields of 8 and of 12 bytes cannot hold. */
const ID_BOUND = 8 ** 7;
const SIZE_BOUND = 8 ** 11;
/** No owner: -1 in 32 bits, which systems take for "leave it". */
const MAX_ID = 2 ** 32 - 2;
/** Zeros after the end: tar programs fill a record with them, 10 KiB by default. */
const MAX_ZERO_BLOCKS = (1024 * 1024) / BLOCK;
const ZERO_BLOCK = Buffer.alloc(BLOCK);
const AMBIGUOUS_HINT =
  'Programs that read tar differ on it. Unpack it with the one that made it, look at what comes out, and pack that again.';

type State =
  | { at: 'header' }
  | { at: 'extension'; flag: string; size: number; held: Buffer[]; missing: number }
  | { at: 'content'; entry: Entry; left: number; padding: number }
  | { at: 'end'; zeroBlocks: number };

/**
 * The parser between the gunzip and the file system for a foreign archive. It decodes each header, allows what all common readers
 * of tar understand alike and what a snapshot may hold, and refuses the rest, before anything is handed on. It looks at bytes; names and
 * links are `ArchiveValidator`'s.
 */
export class TarParser {
  readonly #visitor: TarVisitor;
  readonly #ours: boolean;
  #state: State = { at: 'header' };
  #held = Buffer.alloc(0);
  #pax: PaxOverrides | null = null;
  #longName: string | null = null;
  #longLink: string | null = null;
  /** What is wrong with an extended header, until the header after it says whose it is. */
  #fault: Ambiguity | null = null;
  /** Whether an extended header of any kind came last. */
  #extended = false;

  /** @param ours whether the headers are those of a sealed snapshot, which may name what not all readers name alike */
  constructor(visitor: TarVisitor, ours = false) {
    this.#visitor = visitor;
    this.#ours = ours;
  }

  /** Takes the next decompressed bytes. */
  push(chunk: Buffer): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const taken = this.#take(bytes, at);
      if (taken === 0) break;
      at += taken;
    }
    this.#held = Buffer.from(bytes.subarray(at));
  }

  /** Says that there are no more bytes. */
  finish(): void {
    if (this.#state.at !== 'end' || this.#state.zeroBlocks < 2 || this.#held.length > 0) {
      throw new BackupError(
        'SNAPSHOT_TRUNCATED',
        'the archive ends before its two closing zero blocks: it was cut short',
        {
          hint: 'Use another copy of it.',
        },
      );
    }
  }

  /** @returns how many bytes were taken; 0 when more are needed first */
  #take(bytes: Buffer, at: number): number {
    const state = this.#state;
    switch (state.at) {
      case 'content':
        return this.#takeContent(state, bytes, at);
      case 'extension':
        return this.#takeExtension(state, bytes, at);
      default:
        if (bytes.length - at < BLOCK) return 0;
        this.#takeBlock(bytes.subarray(at, at + BLOCK));
        return BLOCK;
    }
  }

  #takeBlock(block: Buffer): void {
    if (block.equals(ZERO_BLOCK)) {
      if (this.#extended) throw malformed('ends after a header that belongs to no entry');
      const zeroBlocks = this.#state.at === 'end' ? this.#state.zeroBlocks + 1 : 1;
      if (zeroBlocks > MAX_ZERO_BLOCKS) throw malformed('has more than a MiB of zeros after its end', 'TRAILING_DATA');
      this.#state = { at: 'end', zeroBlocks };
      return;
    }
    if (this.#state.at === 'end') {
      throw malformed('has data after its end', this.#state.zeroBlocks >= 2 ? 'TRAILING_DATA' : 'TAR_INVALID');
    }
    try {
      this.#takeHeader(block);
    } catch (error) {
      throw error instanceof Ambiguity ? this.#refusal(error, block) : error;
    }
  }

  #takeHeader(block: Buffer): void {
    if (this.#fault !== null) throw this.#fault;
    const fields = readHeader(block);
    const { flag, size } = fields;
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      const most = flag === 'L' || flag === 'K' ? MAX_PATH_BYTES + 1 : MAX_PAX_BYTES;
      if (size === 0 || size > most) throw new Ambiguity(`has an extended header of ${size} bytes`);
      // bsdtar puts the beginning of a long target there, and node-tar takes that for all of it.
      if (flag === 'K' && headerLink(block) !== '') throw new Ambiguity('has a long link target in two places');
      this.#state = { at: 'extension', flag, size, held: [], missing: padded(size) };
      return;
    }
    const entry = this.#entry(block, fields);
    this.#extended = false;
    const attributes = this.#pax?.attributes === true;
    this.#pax = null;
    this.#longName = null;
    this.#longLink = null;
    if (attributes) this.#visitor.attributes?.(entry.path);
    this.#visitor.begin(entry);
    if (entry.size === 0) this.#visitor.end(entry);
    else this.#state = { at: 'content', entry, left: entry.size, padding: padded(entry.size) - entry.size };
  }

  #entry(block: Buffer, fields: HeaderFields): Entry {
    const type = TYPES[fields.flag];
    if (type === undefined) throw unsoundType(this.#nameOf(block), fields.flag);
    if (this.#pax !== null && (this.#longName !== null || this.#longLink !== null))
      throw new Ambiguity('has a pax header and a long name of GNU tar');
    const pax = this.#pax ?? {};
    const override = pax.path ?? this.#longName;
    if (override !== null && fields.flag === '\0' && nameEndsInSlash(block))
      throw new Ambiguity(
        'is a file to some and a directory to others: its type is NUL and its short name ends in a slash',
      );
    const size = pax.size ?? fields.size;
    // A record that contradicts a field with room for it makes readers disagree about where the next header is.
    if (size !== fields.size && size < SIZE_BOUND) throw new Ambiguity('has two sizes');
    if (type !== 'file' && size !== 0) throw new Ambiguity(`is a ${type} with content`);
    // A field that is overridden may be cut inside a character.
    const link = pax.linkpath ?? this.#longLink ?? headerLink(block);
    if ((link !== '') !== (type === 'symlink' || type === 'hardlink'))
      throw new Ambiguity(`is a ${type} ${link === '' ? 'without' : 'with'} a target`);
    const mtime = pax.mtime ?? { seconds: fields.mtime, nanoseconds: 0 };
    return {
      path: override ?? headerPath(block),
      type,
      mode: fields.mode & 0o7777,
      uid: this.#owner('uid', pax.uid, fields.uid),
      gid: this.#owner('gid', pax.gid, fields.gid),
      // No calendar reaches further, and file systems end long before.
      mtime: Math.max(-MAX_MTIME, Math.min(MAX_MTIME, mtime.seconds)),
      mtimeNs: mtime.nanoseconds,
      size,
      ...(link === '' ? {} : { link }),
    };
  }

  #takeExtension(state: Extract<State, { at: 'extension' }>, bytes: Buffer, at: number): number {
    const taken = Math.min(state.missing, bytes.length - at);
    state.held.push(Buffer.from(bytes.subarray(at, at + taken)));
    state.missing -= taken;
    if (state.missing > 0) return taken;
    this.#state = { at: 'header' };
    this.#extended = true;
    try {
      this.#endExtension(state, Buffer.concat(state.held));
    } catch (error) {
      if (!(error instanceof Ambiguity)) throw error;
      this.#fault = error;
    }
    return taken;
  }

  #endExtension({ flag, size }: Extract<State, { at: 'extension' }>, body: Buffer): void {
    // Python reads records there.
    if (body.subarray(size).some((byte) => byte !== 0))
      throw new Ambiguity('has an extended header with bytes after its end');
    const content = body.subarray(0, size);
    if (flag === 'g') {
      if (this.#pax !== null || this.#longName !== null || this.#longLink !== null)
        throw new Ambiguity('has a pax header for all entries between another one and its own');
      parsePaxRecords(content, 'all');
    } else if (flag === 'x') {
      if (this.#pax !== null) throw new Ambiguity('has two pax headers');
      this.#pax = parsePaxRecords(content, this.#ours ? 'ours' : 'next');
    } else {
      const text = headerText(content, 0, content.length);
      if (text === '') throw new Ambiguity('has an empty long name');
      if ((flag === 'L' ? this.#longName : this.#longLink) !== null)
        throw new Ambiguity('has two long names of a kind');
      if (flag === 'L') this.#longName = text;
      else this.#longLink = text;
    }
  }

  #takeContent(state: Extract<State, { at: 'content' }>, bytes: Buffer, at: number): number {
    const taken = Math.min(state.left, bytes.length - at);
    if (taken > 0) this.#visitor.part(state.entry, bytes.subarray(at, at + taken));
    state.left -= taken;
    if (state.left > 0) return taken;
    const padding = Math.min(state.padding, bytes.length - at - taken);
    state.padding -= padding;
    if (state.padding === 0) {
      this.#state = { at: 'header' };
      this.#visitor.end(state.entry);
    }
    return taken + padding;
  }

  /** Some readers know no record of an owner: it may not say other than a field that has room for it. */
  #owner(name: string, record: number | undefined, field: number): number {
    const id = record ?? field;
    if (record !== undefined && record !== field && record < ID_BOUND)
      throw new Ambiguity(`has two values for its ${name}`);
    if (id > MAX_ID && !this.#ours) throw new Ambiguity(`has a ${name} that is out of range`);
    return id;
  }

  #refusal({ message, code }: Ambiguity, block: Buffer): BackupError {
    const path = this.#nameOf(block);
    return new BackupError(code, `${path === '' ? 'an entry of the archive' : `"${printable(path)}"`} ${message}`, {
      ...(path === '' ? {} : { path }),
      hint: AMBIGUOUS_HINT,
    });
  }

  /** What the current entry is called, as far as that is known. */
  #nameOf(block: Buffer): string {
    const name = this.#pax?.path ?? this.#longName;
    if (name !== undefined && name !== null) return name;
    return block.toString('utf8', 0, 100).split('\0')[0] as string;
  }
}

function malformed(what: string, code: ErrorCode = 'TAR_INVALID'): BackupError {
  return new BackupError(code, `the archive ${what}`, { hint: MALFORMED_HINT });
}

function unsoundType(path: string, flag: string): BackupError {
  return new BackupError(
    'ENTRY_TYPE',
    `"${printable(path)}" is an entry of type "${printable(flag)}", which is no file, directory or link`,
    { path, hint: AMBIGUOUS_HINT },
  );
}
