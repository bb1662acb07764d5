import type { MemberBatch } from '../member-batcher.ts';
import type { ReusableBatch } from './parent-reuse.ts';
import type { StoredMember } from './parent-units.ts';

/** Bytes that are read in one go; a member has a few hundred KiB. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Items whose turn to be written is waited for. */
const MOST_ITEMS = 16 * 1024;

export interface CopiedBatch {
  batch: MemberBatch;
  reusable: ReusableBatch;
}

/** Batches that are copied together, for their members lie one after the other in the parent. */
export class CopyRun {
  readonly batches: CopiedBatch[] = [];
  #end = 0;
  #bytes = 0;
  #items = 0;

  /** @returns false when it does not go on where this run ends, or this run is long enough */
  add(batch: MemberBatch, reusable: ReusableBatch): boolean {
    const { offset, stored } = reusable.member;
    const isFirst = this.batches.length === 0;
    if (!isFirst && (offset !== this.#end || this.#bytes >= MOST_BYTES || this.#items >= MOST_ITEMS)) return false;
    this.batches.push({ batch, reusable });
    this.#end = offset + stored;
    this.#bytes += stored;
    this.#items += batch.items.length;
    return true;
  }
}

/** Members that lie one after the other, in runs of one read each. */
export function* runsOf(members: Iterable<StoredMember>): Generator<StoredMember[], void, void> {
  let run: StoredMember[] = [];
  let bytes = 0;
  for (const member of members) {
    run.push(member);
    bytes += member.stored;
    if (bytes < MOST_BYTES) continue;
    yield run;
    run = [];
    bytes = 0;
  }
  if (run.length > 0) yield run;
}
