import { setImmediate } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { BLOCK } from '../../format/entry.ts';
import { MEMBER_HEADER, memberKind } from '../../format/gzip-member.ts';
import { blockEntries, type IndexBlock } from '../../format/index-block.ts';
import { type Manifest, parseManifest } from '../../format/manifest.ts';
import { BlockWalker } from '../../read/block-walker.ts';
import type { BlockLocation } from '../../read/index-reader.ts';
import { readBlock } from '../../read/index-reader.ts';
import { inflateMember } from '../../read/inflate-member.ts';
import { memberProblem } from '../../read/walk-members.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { readRange } from '../../storage/read-ahead.ts';
import { type Problem, problemOf } from '../../validate/problem.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import type { FoundIndex } from './find-index.ts';
import { MemberEntries } from './member-entries.ts';
import type { SalvageWriter } from './salvage-writer.ts';
import { scanMembers } from './scan-members.ts';

/** Where salvaged entries come from and go to. */
export interface Salvage extends OperationOptions {
  source: RangeReader;
  writer: SalvageWriter;
  problems: Problem[];
}

/**
 * Extracts all that has the digests of the index, block by block. Of a block that is damaged itself the members are read without it.
 *
 * @returns how many entries are lost without their names
 */
export async function salvageByIndex(found: FoundIndex, salvage: Salvage): Promise<number> {
  const { problems } = salvage;
  let unnamed = 0;
  for (const [page, { row, offset }] of found.blocks.pages.entries()) {
    let inside: readonly BlockLocation[];
    try {
      inside = await found.blocks.blocksOf(page);
    } catch (error) {
      problems.push(problemOf(error));
      unnamed += await salvageUnlisted({ ...row, offset }, found.shift, salvage);
      continue;
    }
    for (const location of inside) unnamed += await salvageBlock(found, location, salvage);
  }
  return unnamed;
}

/** @returns how many of its entries are lost without their names */
async function salvageBlock(found: FoundIndex, location: BlockLocation, salvage: Salvage): Promise<number> {
  const { source, writer, problems } = salvage;
  await yieldToEventLoop(salvage);
  let block: IndexBlock;
  try {
    block = await readBlock(found.index, location);
  } catch (error) {
    problems.push(problemOf(error));
    return salvageUnlisted(location.row, found.shift, salvage);
  }
  const entries = blockEntries(block);
  const walker = new BlockWalker(entries, writer);
  writer.verified = true;
  await walkDamaged(source, location.row.offset, found.shift, block, walker);
  const reasons = new Map<string, string>();
  for (const problem of walker.problems) for (const path of problem.paths) reasons.set(path, problem.message);
  for (const { path } of entries) {
    if (!writer.isAccountedFor(path))
      writer.lose(path, reasons.get(path) ?? 'what the snapshot holds in its place is not it');
  }
  for (const problem of walker.problems) problems.push(problem);
  return 0;
}

/** Leads a walker through the members of a block, each where it should be or where `shift` has moved it. */
async function walkDamaged(
  source: RangeReader,
  offset: number,
  shift: number,
  block: IndexBlock,
  walker: BlockWalker,
): Promise<void> {
  const places = shift === 0 ? [0] : [0, shift];
  let at = offset;
  for (const [i, stored] of block.stored.entries()) {
    const raw = block.raw[i] as number;
    let tar: Buffer | null = null;
    let failure: unknown;
    for (const moved of places) {
      try {
        tar ??= await readMember(source, at + moved, stored, raw);
      } catch (error) {
        failure ??= error;
      }
    }
    if (tar !== null) {
      walker.feed(tar);
    } else {
      walker.found.add(memberProblem(failure, at, stored, walker.pathsAhead(raw)));
      walker.skip(raw);
    }
    at += stored;
  }
}

async function readMember(source: RangeReader, at: number, stored: number, raw: number): Promise<Buffer> {
  if (at < 0 || at + stored > source.size) {
    throw new BackupError('SNAPSHOT_TRUNCATED', 'a member of the snapshot lies after its end');
  }
  return inflateMember(await readRange(source, at, stored), 'D', raw);
}

/** Members that hold a run of entries. */
interface Run {
  entries: number;
  offset: number;
  stored: number;
}

/** @returns how many entries of the run are lost without their names */
async function salvageUnlisted(row: Run, shift: number, salvage: Salvage): Promise<number> {
  const { source, writer } = salvage;
  const place = async (offset: number) => ((await isMember(source, offset)) ? offset : offset + shift);
  const named = () => writer.entries + writer.lost.length;
  const before = named();
  await salvageByMembers(salvage, {
    from: Math.max(0, await place(row.offset)),
    to: Math.min(source.size, await place(row.offset + row.stored)),
  });
  return Math.max(0, row.entries - (named() - before));
}

async function isMember(source: RangeReader, offset: number): Promise<boolean> {
  return (
    offset < source.size &&
    memberKind(await readRange(source, offset, Math.min(MEMBER_HEADER, source.size - offset))) !== null
  );
}

/**
 * Takes out what can be read of a run of members without an index: gzip's CRC-32 and the tar headers must do.
 *
 * @returns the manifest, where the run holds it
 */
export async function salvageByMembers(
  salvage: Salvage,
  range: { from: number; to: number },
): Promise<Manifest | null> {
  const { source, writer, problems } = salvage;
  const entries = new MemberEntries(writer, problems);
  let manifest: Manifest | null = null;
  writer.verified = false;
  for await (const member of scanMembers(source, range)) {
    await yieldToEventLoop(salvage);
    switch (member.kind) {
      case 'gap':
        problems.push(member.problem);
        entries.skip(member.single, member.problem.message);
        break;
      case 'M':
        manifest ??= manifestOf(member.tar, problems);
        break;
      case 'D':
        entries.take(member.tar, member.offset, member.length);
        break;
      case 'E':
        break;
    }
  }
  entries.finish();
  return manifest;
}

function manifestOf(tar: Buffer, problems: Problem[]): Manifest | null {
  try {
    return parseManifest(tar.subarray(BLOCK));
  } catch (error) {
    problems.push(problemOf(error));
    return null;
  }
}

/** Yields to the event loop, so that an abort is seen: everything else here is synchronous. */
async function yieldToEventLoop({ signal, writer, onEvent }: Salvage): Promise<void> {
  await setImmediate();
  throwIfAborted(signal);
  onEvent?.({ type: 'progress', phase: 'extract', entries: writer.entries, bytes: writer.bytes });
}
