import { type OutputStream, windowWidth } from '../terminal.ts';

const CHUNK_CHARACTERS = 64 * 1024;

/** The reader of standard output closed it, or it could not be written to. The rest of the output is lost. */
export class OutputLost extends Error {
  /** Whether the reader merely closed the pipe, as in `| head`. */
  readonly quiet: boolean;

  constructor(cause: Error, quiet = (cause as NodeJS.ErrnoException).code === 'EPIPE') {
    super(`could not write to standard output: ${cause.message}`, { cause });
    this.quiet = quiet;
  }
}

/** Lines on their way to standard output: many small ones leave in few large writes, as fast as the reader takes them. */
export class Output {
  readonly #stream: OutputStream;
  #pending = '';
  #failure: NodeJS.ErrnoException | null = null;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** Whether a person sees it. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Width of the terminal window in characters; null for a pipe or a file. */
  get columns(): number | null {
    return windowWidth(this.#stream);
  }

  /** Adds a line. @returns a promise to be awaited when there is one, for the reader is slower than we are */
  line(text: string): Promise<void> | undefined {
    this.#pending += `${text}\n`;
    return this.#pending.length < CHUNK_CHARACTERS ? undefined : this.flush();
  }

  /** Writes bytes, after the lines that are pending. Resolves when the reader has taken them. @throws OutputLost */
  async write(bytes: Uint8Array): Promise<void> {
    await this.flush();
    await this.#send(bytes);
  }

  /** Hands everything on. @throws OutputLost */
  async flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    this.#assertWhole();
    if (text !== '') await this.#send(text);
  }

  async #send(data: string | Uint8Array): Promise<void> {
    // The callback comes when the system has taken it, and with the error when it has not.
    const failed = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(data, resolve);
    });
    if (failed) this.#failure ??= failed;
    this.#assertWhole();
  }

  #assertWhole(): void {
    if (this.#failure !== null) throw new OutputLost(this.#failure);
  }
}
