/**
 * Memory for pieces of large files that goes to a worker, with a job or for its answer, and comes back. Memory of their own for each
 * would have to be cleared by the system first, and would lie about until it is collected.
 */
export class RecycledBuffers {
  readonly #free: ArrayBuffer[] = [];

  /** A buffer that shares its memory with no other; what it holds is undefined. Its memory is at least `capacity` bytes long. */
  take(length: number, capacity = length): Buffer {
    const memory = this.#free.pop();
    if (memory !== undefined && memory.byteLength >= capacity) return Buffer.from(memory, 0, length);
    return Buffer.from(new ArrayBuffer(capacity), 0, length);
  }

  /** Collects the memory of a buffer that nobody uses any more. */
  give(bytes: Uint8Array): void {
    this.#free.push(bytes.buffer as ArrayBuffer);
  }
}

/** Copies bytes to the beginning of the memory of others, which are not needed any more; into memory of their own if they have no room there. */
export function copyInto({ buffer }: Uint8Array, bytes: Uint8Array): Uint8Array {
  const copy =
    bytes.length > buffer.byteLength ? new Uint8Array(bytes.length) : new Uint8Array(buffer, 0, bytes.length);
  copy.set(bytes);
  return copy;
}
