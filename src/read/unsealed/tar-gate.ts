import { Header } from 'tar';
import { BackupError, type ErrorCode } from '../../errors.ts';
import { BLOCK, type Entry, type EntryType, padded } from '../../format/entry.ts';
import { MAX_MTIME } from '../../format/index-block.ts';
import { MAX_PATH_BYTES } from '../../format/path-rules.ts';
import { type PaxOverrides, parsePaxRecords } from './pax-records.ts';

/** Takes the entries of an archive one after the other. */
export interface GateVisitor {
  begin(entry: Entry): void;
  part(entry: Entry, content: Buffer): void;
  end(entry: Entry): void;
}

const TYPES: Record<string, EntryType> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};
const MAX_PAX_BYTES = 64 * 1024;
const MAX_OCTAL_SIZE = 0o77777777777;
/** Zeros behind the end: tar programs fill a record with them, 10 KiB by default. */
const MAX_ZERO_BLOCKS = (1024 * 1024) / BLOCK;
const OCTAL = /^[ \0]*[0-7]+[ \0]*$/;
const ZERO_BLOCK = Buffer.alloc(BLOCK);
const HINT = 'Do not restore this file: it was not made by a sound program.';

interface NumberField {
  name: string;
  offset: number;
  length: number;
}
const MODE: NumberField = { name: 'mode', offset: 100, length: 8 };
const UID: NumberField = { name: 'uid', offset: 108, length: 8 };
const GID: NumberField = { name: 'gid', offset: 116, length: 8 };
const SIZE: NumberField = { name: 'size', offset: 124, length: 12 };
const MTIME: NumberField = { name: 'mtime', offset: 136, length: 12 };

type State =
  | { at: 'header' }
  | { at: 'extension'; type: 'x' | 'L' | 'K'; size: number; held: Buffer[]; missing: number }
  | { at: 'content'; entry: Entry; left: number; padding: number }
  | { at: 'end'; zeroBlocks: number };

/**
 * The gate between the gunzip and the file system for an archive from elsewhere. It decodes each header with `tar`'s codec, allows what a
 * snapshot may hold, and refuses the rest, before anything is handed on. It looks at bytes; names and links are `EntryBook`'s.
 */
export class TarGate {
  readonly #visitor: GateVisitor;
  #state: State = { at: 'header' };
  #held = Buffer.alloc(0);
  #pax: PaxOverrides | null = null;
  #longName: string | null = null;
  #longLink: string | null = null;

  constructor(visitor: GateVisitor) {
    this.#visitor = visitor;
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
      if (this.#pax !== null || this.#longName !== null || this.#longLink !== null)
        throw refused('ends behind a header that belongs to no entry');
      const zeroBlocks = this.#state.at === 'end' ? this.#state.zeroBlocks + 1 : 1;
      if (zeroBlocks > MAX_ZERO_BLOCKS) throw refused('has more than a MiB of zeros behind its end', 'TRAILING_DATA');
      this.#state = { at: 'end', zeroBlocks };
      return;
    }
    if (this.#state.at === 'end') {
      throw refused('has data behind its end', this.#state.zeroBlocks >= 2 ? 'TRAILING_DATA' : 'TAR_INVALID');
    }
    const header = decodeHeader(block);
    const size = numberField(block, SIZE);
    const type = header.typeKey as string;
    if (type === 'x' || type === 'L' || type === 'K') {
      const most = type === 'x' ? MAX_PAX_BYTES : MAX_PATH_BYTES + 1;
      if (size === 0 || size > most) throw refused(`has an extended header of ${size} bytes`);
      this.#state = { at: 'extension', type, size, held: [], missing: padded(size) };
      return;
    }
    const entry = this.#entry(block, header, size);
    this.#pax = null;
    this.#longName = null;
    this.#longLink = null;
    this.#visitor.begin(entry);
    if (entry.size === 0) this.#visitor.end(entry);
    else this.#state = { at: 'content', entry, left: entry.size, padding: padded(entry.size) - entry.size };
  }

  #entry(block: Buffer, header: Header, statedSize: number): Entry {
    const type = TYPES[block.toString('latin1', 156, 157)];
    if (type === undefined)
      throw refused(`holds an entry of type "${header.typeKey}", which is no file, directory or link`, 'ENTRY_TYPE');
    if (this.#pax !== null && (this.#longName !== null || this.#longLink !== null))
      throw refused('gives one entry two long names');
    const pax = this.#pax ?? {};
    const size = pax.size ?? statedSize;
    // A record that contradicts a field with room for it makes readers disagree about where the next header is.
    if (size !== statedSize && size <= MAX_OCTAL_SIZE) throw refused('gives one entry two sizes');
    if (type !== 'file' && size !== 0) throw refused(`holds a ${type} with content`);
    // A field that is overridden may be cut inside a character.
    const link = pax.linkpath ?? this.#longLink ?? fieldText(block, 157, 100);
    if ((link !== '') !== (type === 'symlink' || type === 'hardlink'))
      throw refused(`holds a ${type} ${link === '' ? 'without' : 'with'} a target`);
    const path = pax.path ?? this.#longName ?? ustarPath(block);
    const mtime = pax.mtime ?? { seconds: numberField(block, MTIME), nanoseconds: 0 };
    // No calendar reaches further, and file systems end long before.
    const seconds = Math.max(-MAX_MTIME, Math.min(MAX_MTIME, mtime.seconds));
    return {
      path,
      type,
      mode: numberField(block, MODE) & 0o7777,
      uid: pax.uid ?? numberField(block, UID),
      gid: pax.gid ?? numberField(block, GID),
      mtime: seconds,
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
    const body = Buffer.concat(state.held);
    const content = body.subarray(0, state.size);
    this.#state = { at: 'header' };
    if (state.type === 'x') {
      if (this.#pax !== null) throw refused('has two pax headers for one entry');
      this.#pax = parsePaxRecords(content);
    } else {
      const text = fieldText(content, 0, content.length);
      if (text === '') throw refused('has an empty long name');
      if (state.type === 'L') {
        if (this.#longName !== null) throw refused('gives one entry two long names');
        this.#longName = text;
      } else {
        if (this.#longLink !== null) throw refused('gives one entry two long link targets');
        this.#longLink = text;
      }
    }
    return taken;
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
}

function refused(what: string, code: ErrorCode = 'TAR_INVALID'): BackupError {
  return new BackupError(code, `the archive ${what}`, { hint: HINT });
}

function decodeHeader(block: Buffer): Header {
  const magic = block.toString('latin1', 257, 265);
  if (magic !== 'ustar\x0000' && magic !== 'ustar  \0')
    throw refused('holds a header that is neither ustar, pax nor GNU tar');
  let header: Header;
  try {
    header = new Header(block, 0);
  } catch {
    throw refused('holds a header that cannot be decoded');
  }
  if (!header.cksumValid) throw refused('holds a header with a wrong checksum');
  return header;
}

function ustarPath(block: Buffer): string {
  const prefix = block.toString('latin1', 257, 265) === 'ustar\x0000' ? fieldText(block, 345, 155) : '';
  const name = fieldText(block, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** A number of a header, octal or base-256, that is what it looks like. The codec turns what is not into 0. */
function numberField(block: Buffer, { name, offset, length }: NumberField): number {
  const field = block.subarray(offset, offset + length);
  let value: number;
  if (((field[0] as number) & 0x80) !== 0) {
    const bits = BigInt.asIntN(length * 8 - 1, BigInt(`0x${field.toString('hex')}`));
    value = Number(bits);
  } else {
    const text = field.toString('latin1');
    if (!OCTAL.test(text)) throw refused(`holds a header whose ${name} is no number`);
    value = Number.parseInt(text.replace(/[ \0]/g, ''), 8);
  }
  if (!Number.isSafeInteger(value) || (value < 0 && name !== 'mtime'))
    throw refused(`holds a header whose ${name} is out of range`);
  return value;
}

/** A text of a header, up to its NUL; nothing but NULs may follow. */
function fieldText(bytes: Buffer, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const nul = field.indexOf(0);
  const text = nul < 0 ? field : field.subarray(0, nul);
  if (nul >= 0 && field.subarray(nul).some((byte) => byte !== 0))
    throw refused('holds a name with a NUL in it', 'UNSAFE_NAME');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    throw refused('holds a name that is not UTF-8', 'UNSAFE_NAME');
  }
}
