const FIRST_CAPACITY = 4096;

/**
 * Remembers paths in 8 bytes each: a 64-bit hash. For few questions about very many paths: a question looks through all of them.
 * Two of a million paths have the same hash once in 30 million runs.
 */
export class PathSet {
  #hashes = new Uint32Array(2 * FIRST_CAPACITY);
  #used = 0;

  add(path: string): void {
    if (this.#used === this.#hashes.length) {
      const larger = new Uint32Array(2 * this.#hashes.length);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    hashInto(path, this.#hashes, this.#used);
    this.#used += 2;
  }

  has(path: string): boolean {
    const [first, second] = hashInto(path, new Uint32Array(2), 0);
    for (let at = 0; at < this.#used; at += 2) {
      if (this.#hashes[at] === first && this.#hashes[at + 1] === second) return true;
    }
    return false;
  }
}

/** FNV-1a of the UTF-16 code units, and the same with another basis and prime. */
function hashInto(path: string, into: Uint32Array, at: number): Uint32Array {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let i = 0; i < path.length; i++) {
    const unit = path.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x85ebca6b);
    second ^= second >>> 15;
  }
  into[at] = first;
  into[at + 1] = second;
  return into;
}
