import type { FileKey } from '../capture/capture-item.ts';

/** Where a snapshot is written to. */
export interface Sink {
  /** Bytes written so far. */
  readonly position: number;
  /** Whether what was written can be changed: a file. A pipe cannot. */
  readonly seekable: boolean;
  /** Files that must not go into the snapshot: this one. */
  readonly identities: readonly FileKey[];
  /** A seekable one has done with the bytes when this resolves; another keeps them. */
  write(bytes: Uint8Array): Promise<void> | void;
  /** Writes over bytes written before. Only when seekable. */
  overwrite(bytes: Uint8Array, offset: number): void;
  /** Takes back what was written behind `position`. Only when seekable. */
  truncate(position: number): void;
  /** Makes the snapshot durable and puts it at its final name: all of it, or an error and nothing. */
  commit(): Promise<void>;
  /** Gives up; nothing stays behind. Does nothing after `commit`. */
  discard(): void;
}
