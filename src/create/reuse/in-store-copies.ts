import type { RangeReader } from '../../storage/range-reader.ts';
import type { SnapshotSink } from '../../storage/storage.ts';
import { OrderedWindow } from '../../workers/window.ts';
import type { StoredMember } from './parent-units.ts';

/** Parts that are copied side by side. So many are waited for. */
const STEPS_AT_ONCE = 4;
/** Items that wait, for they take memory. Of more, the parts that are there are copied at once. */
const MANY_ITEMS = 32 * 1024;
/** Of more than these, which do not even fill one part, the members are made again. */
const MOST_ITEMS = 128 * 1024;

/** A member that was made again from the state directory. */
export interface RemadeMember {
  /** As it is stored; null where nothing is left of what it should hold. */
  bytes: Uint8Array | null;
  /** Of these bytes, if what it holds is as planned; else empty. */
  sha256: string;
  /** Puts it into the snapshot. */
  put(): Promise<void>;
}

/** A member of the parent that is to become the next one of the new snapshot. */
export interface CopyCandidate {
  member: StoredMember;
  /** How many items it holds. */
  items: number;
  /** Whether it still is what is wanted: what was captured meanwhile may ask for other links. */
  isWanted(): boolean;
  /** Makes it again: as it is, or as it has become. */
  remake(): Promise<RemadeMember>;
  /**
   * Called when its bytes are in the snapshot: the index takes it.
   *
   * @param isRemade whether it had to be made again, in part of it
   */
  enter(isRemade: boolean): Promise<void>;
}

/** A candidate, and what is to be done when it is in the snapshot, before the next one. */
interface Waiting {
  readonly candidate: CopyCandidate;
  readonly actions: (() => Promise<void>)[];
  /** Whether it turned out not to be in the state directory any more as the parent has it. */
  hasChanged: boolean;
}

type CopyingSink = SnapshotSink & Required<Pick<SnapshotSink, 'copyStep' | 'copyFrom'>>;

/**
 * Has members copied from the parent inside the storage that holds both: their bytes do not pass through this machine, neither to be
 * verified. The storage copies whole parts of a fixed grid, so members wait until they cover some. What lies in no whole part is made again
 * from the state directory, for that costs no traffic. So is a member that reaches over the edge of what is copied; it must turn out byte for
 * byte as it was.
 */
export class InStoreCopies {
  readonly #sink: CopyingSink;
  readonly #source: RangeReader;
  readonly #sideBySide: number;
  /** One after the other in the parent. */
  readonly #waiting: Waiting[] = [];
  #items = 0;
  /** Where in the parent the bytes lie that come next. */
  #offset = 0;
  /** Bytes of the first one that waits, where its beginning is in the snapshot already. */
  #begun: Uint8Array | null = null;
  #isAtWork = false;

  /**
   * @param sideBySide how many members are made again at once
   * @returns null where the storage of the sink cannot have the bytes of the source by itself
   */
  static between(source: RangeReader, sink: SnapshotSink, sideBySide: number): InStoreCopies | null {
    return canCopy(sink) && sink.copyStep(source) > 0 ? new InStoreCopies(source, sink, sideBySide) : null;
  }

  private constructor(source: RangeReader, sink: CopyingSink, sideBySide: number) {
    this.#source = source;
    this.#sink = sink;
    this.#sideBySide = sideBySide;
  }

  /** Whether the storage turned out not to copy: whatever is added is made again then. */
  get isOver(): boolean {
    return this.#step === 0;
  }

  /** Takes the next member. It is in the snapshot at once or later, but before whatever comes after it. */
  async add(candidate: CopyCandidate): Promise<void> {
    const { offset } = candidate.member;
    const last = this.#waiting.at(-1);
    if (last !== undefined && endOf(last) !== offset) await this.finish();
    if (this.#waiting.length === 0) this.#offset = offset;
    this.#waiting.push({ candidate, actions: [], hasChanged: false });
    this.#items += candidate.items;
    const steps = this.#stepsIn(this.#waiting.length);
    if (this.#isEnough(steps)) await this.#work(false);
    else if (this.#items > MOST_ITEMS || this.isOver) await this.#work(true);
  }

  /** Does something when all that was added is in the snapshot, before what comes after it. */
  async inOrder(action: () => Promise<void>): Promise<void> {
    const last = this.#isAtWork ? undefined : this.#waiting.at(-1);
    if (last === undefined) await action();
    else last.actions.push(action);
  }

  /** Puts all that waits into the snapshot, for something else comes after it. Does nothing when it is at that itself. */
  async finish(): Promise<void> {
    if (!this.#isAtWork) await this.#work(true);
  }

  get #step(): number {
    return this.#sink.copyStep(this.#source);
  }

  /** @param isAll whether nothing that waits may be left waiting */
  async #work(isAll: boolean): Promise<void> {
    this.#isAtWork = true;
    try {
      while (this.#waiting.length > 0) {
        const wanted = this.#wanted();
        const steps = Math.min(STEPS_AT_ONCE, this.#stepsIn(wanted));
        const mayGoOn = wanted === this.#waiting.length && !isAll && !this.isOver;
        if (mayGoOn && !this.#isEnough(steps)) return;
        if (steps === 0) await this.#remake(Math.max(1, wanted));
        else await this.#copy(steps);
      }
    } finally {
      this.#isAtWork = false;
    }
  }

  #isEnough(steps: number): boolean {
    return steps >= STEPS_AT_ONCE || (steps > 0 && this.#items > MANY_ITEMS);
  }

  /** How many, from the first on, are still wanted as they are. What is begun must be ended. */
  #wanted(): number {
    const isDone = ({ candidate, hasChanged }: Waiting, at: number): boolean =>
      (hasChanged || !candidate.isWanted()) && !(at === 0 && this.#begun !== null);
    const first = this.#waiting.findIndex(isDone);
    return first < 0 ? this.#waiting.length : first;
  }

  /** Where in the parent the next part begins that can be copied. */
  get #edge(): number {
    const step = this.#step;
    const { position } = this.#sink;
    return this.#offset + Math.ceil(position / step) * step - position;
  }

  /** How many parts the first `count` members cover. */
  #stepsIn(count: number): number {
    const last = this.#waiting[count - 1];
    if (last === undefined || this.isOver) return 0;
    return Math.max(0, Math.floor((endOf(last) - this.#edge) / this.#step));
  }

  /** Copies so many parts; or prepares for it, where a member has to be made again first. */
  async #copy(steps: number): Promise<void> {
    const from = this.#edge;
    const end = from + steps * this.#step;
    const before = this.#waiting.findIndex((waiting) => endOf(waiting) > from);
    // What turns out otherwise moves all that comes after it.
    if (before > 0) return this.#remake(before);
    const head = from > this.#offset ? await this.#remadeAsItWas(0) : this.#begun;
    if (from > this.#offset && head === null) return;
    // Nobody could end a member of which a part is copied, if it has changed.
    const across = this.#waiting.findIndex((waiting) => endOf(waiting) > end);
    const isCut = across >= 0 && (this.#waiting[across] as Waiting).candidate.member.offset < end;
    const cut = !isCut ? null : across === 0 && head !== null ? head : await this.#remadeAsItWas(across);
    if (isCut && cut === null) return;
    if (head !== null) await this.#begin(head, from);
    if (!(await this.#sink.copyFrom(this.#source, from, end - from))) return;
    let isRemade = head !== null;
    for (let left = across < 0 ? this.#waiting.length : across; left > 0; left--) {
      await this.#enter(isRemade);
      isRemade = false;
    }
    this.#offset = end;
    this.#begun = cut;
  }

  /** Writes the first member up to where in the parent a part begins. */
  async #begin(bytes: Uint8Array, upTo: number): Promise<void> {
    const { offset } = (this.#waiting[0] as Waiting).candidate.member;
    if (upTo > this.#offset) await this.#sink.write(bytes.subarray(this.#offset - offset, upTo - offset));
    this.#offset = upTo;
    this.#begun = bytes;
  }

  /** The bytes of a member, made again; null, which is noted, if it has changed. */
  async #remadeAsItWas(at: number): Promise<Uint8Array | null> {
    const waiting = this.#waiting[at] as Waiting;
    const { bytes, sha256 } = await waiting.candidate.remake();
    if (sha256 === waiting.candidate.member.sha256) return bytes;
    waiting.hasChanged = true;
    return null;
  }

  /** Has the first members made again, and puts them into the snapshot. */
  async #remake(count: number): Promise<void> {
    let left = count;
    const [first] = this.#waiting;
    if (this.#begun !== null && first !== undefined) {
      await this.#sink.write(this.#begun.subarray(this.#offset - first.candidate.member.offset));
      await this.#enter(true);
      left--;
    }
    const window = new OrderedWindow(this.#sideBySide);
    for (const { candidate } of this.#waiting.slice(0, left)) {
      await window.add(candidate.remake(), async ({ put }) => {
        await put();
        await this.#leave();
      });
    }
    await window.drain();
  }

  /** Has the index take the first one. */
  async #enter(isRemade: boolean): Promise<void> {
    this.#begun = null;
    await this.#waiting[0]?.candidate.enter(isRemade);
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const left = this.#waiting.shift() as Waiting;
    this.#items -= left.candidate.items;
    this.#offset = endOf(left);
    for (const action of left.actions) await action();
  }
}

function endOf({ candidate: { member } }: Waiting): number {
  return member.offset + member.stored;
}

function canCopy(sink: SnapshotSink): sink is CopyingSink {
  return sink.copyStep !== undefined && sink.copyFrom !== undefined;
}
