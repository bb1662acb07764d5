import type { Readable, Writable } from 'node:stream';

/** A stream that the command writes to. `process.stdout` is one. */
export type OutputStream = Writable & {
  /** Whether a person sees it. */
  isTTY?: boolean;
  /** Width of the window in characters; read again for each drawing, for windows are resized. */
  columns?: number;
};

/** Width of the window that a stream is shown in, in characters; null where there is none, or nobody knows it. */
export function windowWidth({ isTTY, columns }: OutputStream): number | null {
  return isTTY === true ? columns || null : null;
}

/** Everything of the outside world that the command line itself touches: a value, so that tests run it in process. */
export interface Terminal {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}
