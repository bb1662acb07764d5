import type { CaptureItem } from '../../capture/capture-item.ts';
import { CHUNK } from '../../format/member-plan.ts';
import { type MemberBatch, MemberBatcher } from '../member-batcher.ts';
import type { ParentReuse } from './parent-reuse.ts';
import { storedMembers } from './parent-units.ts';

/** Predicts what a snapshot would copy without reading it. What would be read may turn out to be the parent's, too. */
export class ReuseForecast {
  readonly #reuse: ParentReuse;
  readonly #batcher = new MemberBatcher();

  constructor(reuse: ParentReuse) {
    this.#reuse = reuse;
  }

  /** Takes the next item, in the order of the snapshot. */
  async add(item: CaptureItem): Promise<void> {
    if (item.type !== 'file' || item.size <= CHUNK) {
      await this.#count(this.#batcher.add(item, 0));
      return;
    }
    await this.#count(this.#batcher.end());
    const known = await this.#reuse.file(item);
    if (!known?.isUnread) return;
    for (const [i, member] of [...storedMembers(known.unit)].entries()) this.#reuse.count(member, i === 0 ? 1 : 0);
  }

  /** Takes the end of the snapshot. */
  async finish(): Promise<void> {
    await this.#count(this.#batcher.end());
  }

  async #count(batch: MemberBatch | null): Promise<void> {
    if (batch === null) return;
    const known = await this.#reuse.batch(batch.items);
    if (!known?.isUnread) return;
    this.#reuse.count(known.member, batch.items.filter(({ type }) => type === 'file').length);
  }
}
