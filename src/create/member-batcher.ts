import type { CaptureItem } from '../capture/capture-item.ts';
import { cutsBefore } from '../format/member-plan.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { tarLength } from './item-entry.ts';

/** What goes into one member, as the scan saw it. Its items alone decide where it is cut, not who provides its bytes. */
export interface MemberBatch {
  items: readonly CaptureItem[];
  /** When the scan had looked at all of them, by `monotonicMs`. */
  seenMs: number;
}

/** Cuts a sequence of items, of which none is a large file, into members. */
export class MemberBatcher {
  #items: CaptureItem[] = [];
  #held = 0;
  #seenMs = 0;

  /**
   * Takes the next item.
   *
   * @param seenMs when the scan had looked at it, by `monotonicMs`
   * @returns the batch that ends before it, if one does
   */
  add(item: CaptureItem, seenMs: number): MemberBatch | null {
    const tarBytes = tarLength(item);
    const ended = cutsBefore(item.path, tarBytes, this.#held, NODE_CODEC) ? this.end() : null;
    this.#items.push(item);
    this.#held += tarBytes;
    this.#seenMs = seenMs;
    return ended;
  }

  /** Ends the current batch, if there is anything in it: a large file comes next, or nothing. */
  end(): MemberBatch | null {
    if (this.#items.length === 0) return null;
    const batch = { items: this.#items, seenMs: this.#seenMs };
    this.#items = [];
    this.#held = 0;
    return batch;
  }
}
