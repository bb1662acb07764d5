import type { BlockEntry } from '../format/index-block.ts';
import type { SnapshotSink } from '../storage/storage.ts';
import { OrderedWindow } from '../workers/window.ts';
import { type ClosedBlock, IndexBuilder } from './index-builder.ts';
import type { IndexWriter } from './index-writer.ts';
import type { PackPool } from './pack-pool.ts';
import type { CopyCandidate, InStoreCopies } from './reuse/in-store-copies.ts';
import type { StoredMember } from './reuse/parent-units.ts';
import type { SelfCheck } from './self-check.ts';

/** Each is a few hundred KiB. */
const BLOCKS_UNDER_WAY = 4;

/** A member as it is stored, and what the index records of it. */
export interface PackedMember {
  member: Uint8Array;
  /** Tar bytes that it holds. */
  raw: number;
  /** SHA-256 of the member, in hexadecimal. */
  sha256: string;
  /** SHA-256 of the content in it, for a piece of a large file; else empty. */
  pieceSha256: string;
}

/** A point between two members, to which a body can go back. */
export interface Mark {
  position: number;
  members: number;
}

export interface SnapshotBodyOptions {
  pool: PackPool;
  sink: SnapshotSink;
  writer: IndexWriter;
  check: SelfCheck;
  /** Has members copied inside the storage; null where that cannot be. */
  copies: InStoreCopies | null;
  /** A block of an earlier index that begins with a path, encoded: it may be the same again. Null for none. */
  earlierBlock: (first: string) => Uint8Array | null;
  /** Called with each entry that is in the snapshot. */
  onEntry: (entry: BlockEntry) => void;
}

/**
 * The members of a snapshot and the index of them, in their order: members go into the sink, blocks of the index through a worker into
 * the index writer.
 */
export class SnapshotBody {
  readonly index: IndexBuilder;
  readonly #options: SnapshotBodyOptions;
  /** Blocks of the index on their way into the spool. */
  readonly #encoded = new OrderedWindow(BLOCKS_UNDER_WAY);

  constructor(options: SnapshotBodyOptions) {
    this.#options = options;
    this.index = new IndexBuilder(options.sink.position, options.onEntry);
  }

  /** Whether what was appended can be rolled back. */
  get canRollBack(): boolean {
    return this.#options.sink.rollback !== undefined;
  }

  /** Writes the next member; its memory is the caller's again when this resolves. */
  async append({ member, raw, sha256, pieceSha256 }: PackedMember): Promise<void> {
    await this.endCopies();
    await this.#options.sink.write(member);
    this.index.addMember({ stored: member.length, raw, sha256, pieceSha256 });
  }

  /** Whether the parent is in the storage that the snapshot goes to: then its bytes need not pass through here, by `copy`. */
  get isBesideParent(): boolean {
    return this.#options.copies !== null;
  }

  /** Whether it does not turn out that the storage copies nothing. */
  get canCopy(): boolean {
    const { copies } = this.#options;
    return copies !== null && !copies.isOver;
  }

  /** Has the next member copied, or made again; when, is up to the storage. Where that can be at all. */
  async copy(candidate: CopyCandidate): Promise<void> {
    await this.#options.copies?.add(candidate);
  }

  /** Puts what waits to be copied into the snapshot: something else comes next. */
  async endCopies(): Promise<void> {
    await this.#options.copies?.finish();
  }

  /** Notes a member that the storage has copied. */
  addCopied({ stored, raw, sha256, pieceSha256 }: StoredMember): void {
    this.index.addMember({ stored, raw, sha256, pieceSha256 });
  }

  /** Does something when all members so far are in the snapshot, before the next one. */
  async inOrder(action: () => Promise<void>): Promise<void> {
    const { copies } = this.#options;
    if (copies === null) await action();
    else await copies.inOrder(action);
  }

  /** Notes an entry of the member that was appended last. */
  addEntry(entry: BlockEntry): void {
    this.index.addEntry(entry);
  }

  /** Called where a member ends with an entry: a block may end there. */
  async endUnit(): Promise<void> {
    await this.#store(this.index.endUnit());
  }

  /** Ends the current block. */
  async endBlock(): Promise<void> {
    await this.#store(this.index.close());
  }

  mark(): Mark {
    return { position: this.#options.sink.position, members: this.index.members };
  }

  /** Rolls back the members after a mark. No entry may have been added since. */
  async rollback({ position, members }: Mark): Promise<void> {
    await this.#options.sink.rollback?.(position);
    this.index.dropMembers(members);
  }

  /** Ends the last block, and waits until all of them are in the spool. */
  async finish(): Promise<void> {
    await this.endCopies();
    await this.endBlock();
    await this.#encoded.drain();
    this.#options.writer.finish();
  }

  /** Has a block encoded, and put into the spool when those before it are there. Meanwhile members go on: nothing of theirs waits for it. */
  async #store(closed: ClosedBlock | null): Promise<void> {
    if (closed === null) return;
    const { pool, check, writer, earlierBlock } = this.#options;
    const earlier = earlierBlock(closed.row.first);
    await this.#encoded.add(pool.run({ kind: 'block', block: closed.block, earlier }), ({ bytes, validation }) =>
      check.add(validation, writer.add(closed, bytes)),
    );
  }
}
