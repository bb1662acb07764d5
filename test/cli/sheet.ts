import { Writable } from 'node:stream';

/** A stream of the command that keeps what is written to it. */
export class Sheet extends Writable {
  text = '';
  isTTY = false;
  columns = 80;
  readonly #error: NodeJS.ErrnoException | null;

  constructor(errorCode: string | null = null) {
    super();
    this.#error = errorCode === null ? null : Object.assign(new Error(`write ${errorCode}`), { code: errorCode });
  }

  override _write(chunk: Buffer, _encoding: string, done: (error: Error | null) => void): void {
    if (this.#error === null) this.text += chunk;
    done(this.#error);
  }
}
