import { basename } from 'node:path';
import type { BackupEvent, Phase } from '../../events.ts';
import type { OutputStream } from '../terminal.ts';
import { progressText, type ShownSnapshot } from './progress-text.ts';

const REDRAW_MS = 100;
const DEFAULT_COLUMNS = 80;

// As `node:readline` writes them, which takes longer to load than it saves.
const TO_LINE_START = '\x1b[1G';
const CLEAR_TO_END = '\x1b[0K';

/**
 * One line at the bottom of a terminal that is redrawn in place and leaves no trace. No colours, and ASCII only but for names, the cursor stays: whatever way
 * the process ends, the terminal is as it was.
 */
export class ProgressLine {
  readonly #stream: OutputStream;
  readonly #now: () => number;
  #phase: Phase | null = null;
  #snapshot: ShownSnapshot | null = null;
  #last: Extract<BackupEvent, { type: 'progress' }> | null = null;
  #began = 0;
  #drawn = Number.NEGATIVE_INFINITY;
  #visible = false;

  constructor(stream: OutputStream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    stream.on('resize', this.#onResize);
  }

  readonly #onResize = (): void => {
    if (this.#visible) this.#draw();
  };

  /** Draws what a phase or progress event says, at most ten times a second. */
  show(event: Extract<BackupEvent, { type: 'phase' | 'progress' | 'snapshot' }>): void {
    const now = this.#now();
    if (event.type === 'snapshot') {
      const { path: name, number, total } = event;
      this.#snapshot = { name: basename(name), ...(number && { number }), ...(total && { total }) };
      return;
    }
    if (event.phase !== 'check') this.#snapshot = null;
    if (event.type === 'phase' || event.phase !== this.#phase) {
      this.#phase = event.phase;
      this.#began = now;
      this.#last = null;
      this.#drawn = Number.NEGATIVE_INFINITY;
    }
    if (event.type === 'progress') this.#last = event;
    if (now - this.#drawn >= REDRAW_MS) this.#draw();
  }

  /** Removes the line, so that something else can be printed; the next event draws it again. */
  clear(): void {
    if (!this.#visible) return;
    this.#stream.write(TO_LINE_START + CLEAR_TO_END);
    this.#visible = false;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  /** Takes the line away for good. */
  end(): void {
    this.clear();
    this.#stream.off('resize', this.#onResize);
  }

  #draw(): void {
    if (this.#phase === null) return;
    const now = this.#now();
    const { entries, bytes, totalEntries, totalBytes, estimated } = this.#last ?? { entries: 0, bytes: 0 };
    const state = {
      phase: this.#phase,
      snapshot: this.#snapshot,
      entries,
      bytes,
      ...(totalEntries === undefined ? {} : { totalEntries }),
      ...(totalBytes === undefined ? {} : { totalBytes }),
      ...(estimated && { estimated }),
      elapsedMs: now - this.#began,
    };
    // A character in the last column would make some terminals wrap.
    const text = progressText(state, (this.#stream.columns || DEFAULT_COLUMNS) - 1);
    this.#stream.write(TO_LINE_START + CLEAR_TO_END + text);
    this.#visible = true;
    this.#drawn = now;
  }
}
