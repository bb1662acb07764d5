import type { MultipartUpload } from './multipart-upload.ts';

const MIB = 1024 * 1024;

/** Parts under way at once. */
const PARTS_UNDER_WAY = 4;
/** What they may take together, where they are large. */
const MOST_BYTES = 64 * MIB;

/**
 * Sends parts side by side, and takes no more while the most are under way. With the one that is being filled and the first one
 * waiting, memory holds six parts: 48 MiB by default.
 */
export class PartSender {
  readonly #upload: MultipartUpload;
  readonly #partLength: number;
  readonly #signal: AbortSignal | undefined;
  readonly #most: number;
  readonly #underWay = new Set<Promise<void>>();
  readonly #free: Uint8Array[] = [];
  #failure: unknown = null;

  constructor(upload: MultipartUpload, partLength: number, signal: AbortSignal | undefined) {
    this.#upload = upload;
    this.#partLength = partLength;
    this.#signal = signal;
    this.#most = Math.max(1, Math.min(PARTS_UNDER_WAY, Math.floor(MOST_BYTES / partLength)));
  }

  /** Memory for the next part. */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.#partLength);
  }

  /**
   * Sends a part, once fewer than the most are under way.
   *
   * @param bytes the sender's from now on
   */
  async send(number: number, bytes: Uint8Array): Promise<void> {
    while (this.#underWay.size >= this.#most) await Promise.race(this.#underWay);
    this.#throwFailure();
    const sent = this.#upload
      .put(number, bytes, this.#signal)
      .then(
        () => {
          if (bytes.length === this.#partLength) this.#free.push(bytes);
        },
        (error: unknown) => {
          this.#failure ??= error;
        },
      )
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  /** Resolves when all are stored; rejects with what went wrong first. */
  async drain(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  /** Resolves when none is under way any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
