import type { CopyCandidate } from './reuse/in-store-copies.ts';
import type { Mark, PackedMember, SnapshotBody } from './snapshot-body.ts';

/** Where the members of a large file go while nobody knows yet whether it changes. */
export interface LargeFileOutput {
  /** Whether what it was given can be rolled back, and the file be read again. */
  readonly canRollBack: boolean;
  /** Whether its members are in the snapshot only after `commit`. */
  readonly isStaged: boolean;
  /** Takes the next member; its memory is the caller's again when this resolves. One that is copied inside the storage has no bytes here. */
  add(member: PackedMember | CopyCandidate): Promise<void>;
  /** Rolls back all that it was given. */
  rollback(): Promise<void>;
  /** Puts what it was given into the snapshot. */
  commit(): Promise<void>;
  /** Gives up what is staged. */
  release(): void;
}

export function isCandidate(member: object): member is CopyCandidate {
  return 'remake' in member;
}

/** Members that go straight into the snapshot. */
export class DirectMembers implements LargeFileOutput {
  readonly isStaged = false;
  readonly #body: SnapshotBody;
  readonly #isAlone: boolean;
  #start: Mark | null = null;

  constructor(body: SnapshotBody, isAlone: boolean) {
    this.#body = body;
    this.#isAlone = isAlone;
  }

  get canRollBack(): boolean {
    return this.#body.canRollBack;
  }

  async add(member: PackedMember | CopyCandidate): Promise<void> {
    if (this.#start === null) {
      if (this.#isAlone) await this.#body.inOrder(() => this.#body.endBlock());
      this.#start = this.#body.mark();
    }
    if (isCandidate(member)) await this.#body.copy(member);
    else await this.#body.append(member);
  }

  async rollback(): Promise<void> {
    if (this.#start !== null) await this.#body.rollback(this.#start);
  }

  async commit(): Promise<void> {}

  release(): void {}
}
