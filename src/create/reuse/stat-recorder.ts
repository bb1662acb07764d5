import type { CaptureItem } from '../../capture/capture-item.ts';
import type { CacheableFiles } from './cacheable-files.ts';
import { StatCacheWriter } from './stat-cache-writer.ts';

/** Remembers the files of the snapshot that is made for the next run. Where that cannot be done, the next run reads them. */
export class StatRecorder {
  readonly #cacheable: CacheableFiles;
  readonly #onFailure: (error: unknown) => void;
  #writer: StatCacheWriter | null = null;

  /**
   * @param onFailure called once with the reason why nothing is remembered
   */
  constructor(folder: string, stateDir: Buffer, cacheable: CacheableFiles, onFailure: (error: unknown) => void) {
    this.#cacheable = cacheable;
    this.#onFailure = onFailure;
    this.#attempt(() => {
      this.#writer = new StatCacheWriter(folder, stateDir);
    });
  }

  /**
   * Takes what became an entry, in the order of entries.
   *
   * @param isAsSeen whether it was captured in the state that the scan saw, and unchanged
   */
  add(item: CaptureItem, isAsSeen: boolean): void {
    if (this.#writer === null) return;
    try {
      this.#writer.add(isAsSeen && this.#cacheable.isCacheable(item) ? item.source.expect : null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Called when the snapshot is committed; see `StatCacheWriter.commit`. */
  commit(rootSha256: Buffer, runs: number): void {
    this.#attempt(() => this.#writer?.commit(rootSha256, runs));
  }

  /** Gives up, and leaves nothing. Does nothing after `commit`. */
  discard(): void {
    this.#attempt(() => this.#writer?.discard());
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const writer = this.#writer;
    this.#writer = null;
    try {
      writer?.discard();
    } catch {
      // Why it failed first is what matters.
    }
    this.#onFailure(error);
  }
}
