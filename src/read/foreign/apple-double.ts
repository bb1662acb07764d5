import type { Entry } from '../../format/entry.ts';
import type { TarVisitor } from './tar-parser.ts';

/** How AppleDouble files begin (RFC 1740, appendix B). */
const MAGIC = Buffer.from([0x00, 0x05, 0x16, 0x07]);

/**
 * Keeps AppleDouble files back: macOS's tar puts attributes of `name` into `._name` before it. They are no files of the state, and
 * Oxios would take `._a.json` for one of its own.
 */
export class AppleDoubleFilter implements TarVisitor {
  readonly #next: TarVisitor;
  readonly #found: (entry: Entry) => void;
  /** Content that came before that was known. */
  #held: Buffer | null = null;
  #skipping = false;

  /** @param found is called with each of them, instead of the visitor */
  constructor(next: TarVisitor, found: (entry: Entry) => void) {
    this.#next = next;
    this.#found = found;
  }

  begin(entry: Entry): void {
    if (isCandidate(entry)) this.#held = Buffer.alloc(0);
    else this.#next.begin(entry);
  }

  part(entry: Entry, content: Buffer): void {
    if (this.#skipping) return;
    if (this.#held === null) {
      this.#next.part(entry, content);
      return;
    }
    this.#held = Buffer.concat([this.#held, content]);
    if (this.#held.length < MAGIC.length) return;
    const held = this.#held;
    this.#held = null;
    this.#skipping = held.subarray(0, MAGIC.length).equals(MAGIC);
    if (this.#skipping) {
      this.#found(entry);
    } else {
      this.#next.begin(entry);
      this.#next.part(entry, held);
    }
  }

  end(entry: Entry): void {
    if (!this.#skipping) this.#next.end(entry);
    this.#skipping = false;
  }

  attributes(path: string): void {
    this.#next.attributes?.(path);
  }
}

function isCandidate({ path, type, size }: Entry): boolean {
  return type === 'file' && size >= MAGIC.length && path.startsWith('._', path.lastIndexOf('/') + 1);
}
