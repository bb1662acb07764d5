import { FIXED_HEADER, MEMBER_HEADER, memberKind, memberLength } from '../../format/gzip-member.ts';
import { MAX_MEMBER_BYTES } from '../../format/index-block.ts';
import { SEAL_LENGTH } from '../../format/seal.ts';
import { inflateMember } from '../../read/inflate-member.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { readRange } from '../../storage/read-ahead.ts';
import { type Problem, problemOf } from '../../validate/problem.ts';

/** What a run of members turns out to be when there is no index to say. */
export type Scanned =
  | { kind: 'M' | 'D' | 'E'; tar: Buffer; offset: number; length: number }
  /** Bytes that cannot be read: `single` when they are one member, by its own length. */
  | { kind: 'gap'; single: boolean; problem: Problem };

interface Range {
  from: number;
  to: number;
}

const SEARCH_BYTES = 1024 * 1024;

/** Goes from member to member by the lengths that they carry; after a damaged one, to the next that is found. */
export async function* scanMembers(source: RangeReader, { from, to }: Range): AsyncGenerator<Scanned, void, void> {
  for (let at = from; at < to; ) {
    const head = await headAt(source, at, to);
    const kind = memberKind(head);
    if (kind === 'I' || kind === 'S') return;
    const length = kind === null ? null : memberLength(head, kind);
    if (kind !== null && length !== null && at + length <= to) {
      let reason: Problem;
      try {
        const member = await readRange(source, at, length);
        const raw = Math.min(member.readUInt32LE(length - 4), MAX_MEMBER_BYTES);
        yield { kind, tar: inflateMember(member, kind, raw), offset: at, length };
        at += length;
        continue;
      } catch (error) {
        reason = problemOf(error);
      }
      if (at + length === to || memberKind(await headAt(source, at + length, to)) !== null) {
        yield gap(at, length, true, `${reason.message}`);
        at += length;
        continue;
      }
    }
    const next = (await findMember(source, at + 1, to)) ?? to;
    yield gap(
      at,
      next - at,
      false,
      next === to ? 'the snapshot was cut, or its end is damaged' : 'members of the snapshot are damaged',
    );
    at = next;
  }
}

function gap(offset: number, length: number, single: boolean, message: string): Scanned {
  return {
    kind: 'gap',
    single,
    problem: {
      code: 'SNAPSHOT_DAMAGED',
      message: `${message} (bytes ${offset} to ${offset + length - 1})`,
      paths: [],
      offset,
      length,
    },
  };
}

function headAt(source: RangeReader, at: number, to: number): Promise<Buffer> {
  return readRange(source, at, Math.min(MEMBER_HEADER, to - at));
}

/** The next place at which the members of this snapshot go on. */
async function findMember(source: RangeReader, from: number, to: number): Promise<number | null> {
  for (let start = from; start < to; start += SEARCH_BYTES) {
    const bytes = await readRange(source, start, Math.min(SEARCH_BYTES + MEMBER_HEADER, to - start));
    for (let at = bytes.indexOf(FIXED_HEADER); at >= 0; at = bytes.indexOf(FIXED_HEADER, at + 1)) {
      if (at < SEARCH_BYTES && (await leadsOn(source, start + at, to))) return start + at;
    }
  }
  return null;
}

/**
 * Whether what looks like a member at `at` is one of this snapshot. A state directory may hold other snapshots, whose members are
 * in ours as they are, for they do not compress: those lead to a seal in the middle of the file, or nowhere.
 */
async function leadsOn(source: RangeReader, from: number, to: number): Promise<boolean> {
  let members = 0;
  for (let at = from; at < to; members++) {
    const head = await headAt(source, at, to);
    const kind = memberKind(head);
    if (kind === null) return members > 1;
    if (kind === 'S') return at + SEAL_LENGTH === to;
    if (kind === 'M') return false;
    // The extra field's length follows the first ten bytes, before an empty block and the trailer.
    const length = kind === 'I' ? 12 + head.readUInt16LE(10) + 2 + 8 : memberLength(head, kind);
    if (length === null) return false;
    at += length;
  }
  return true;
}
