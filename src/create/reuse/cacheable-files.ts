import type { CaptureItem, LiveSource } from '../../capture/capture-item.ts';
import { isCoarselyFresh, isWithinGranularity } from '../../capture/file-state.ts';
import { recordsEveryWrite } from '../../system/change-times.ts';

/** Finds the files whose inode and times will show, at a later run, whether they were written to. */
export class CacheableFiles {
  readonly #beganMs: number;
  readonly #root: string;
  readonly #devices = new Map<bigint, boolean>();
  #device: bigint | null = null;
  #recordsAll = false;

  /**
   * @param beganMs when the capture began, milliseconds since 1970
   * @param root absolute path of the state directory, ending with `/`
   */
  constructor(beganMs: number, root: string) {
    this.#beganMs = beganMs;
    this.#root = root;
  }

  /**
   * Whether equal times will mean that a file has the content that this capture saw. Not if it was written to so lately that another write might
   * leave the same times; nor if a process writes to it past its times; nor if it was a copy that was captured, or its bytes were read before.
   */
  isCacheable(item: CaptureItem): item is CaptureItem & { type: 'file'; source: LiveSource } {
    if (item.type !== 'file' || item.source.kind !== 'live') return false;
    const { mapped, absolute, expect } = item.source;
    if (mapped || !this.#isItself(absolute, item.path)) return false;
    return (
      !this.#isFresh(expect.ctimeNs) && !this.#isFresh(expect.mtimeNs) && this.#recordsEveryWrite(expect.dev, absolute)
    );
  }

  /** Not a private copy of it. */
  #isItself(absolute: string, path: string): boolean {
    return (
      absolute.length === this.#root.length + path.length && absolute.startsWith(this.#root) && absolute.endsWith(path)
    );
  }

  #isFresh(timeNs: bigint): boolean {
    return isWithinGranularity(timeNs, this.#beganMs) || isCoarselyFresh(timeNs, this.#beganMs);
  }

  #recordsEveryWrite(device: bigint, absolute: string): boolean {
    if (device === this.#device) return this.#recordsAll;
    const recordsAll = this.#devices.get(device) ?? recordsEveryWrite(absolute);
    this.#devices.set(device, recordsAll);
    this.#device = device;
    this.#recordsAll = recordsAll;
    return recordsAll;
  }
}
