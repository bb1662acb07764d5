import fs from 'node:fs';
import type { CaptureItem, LiveSource } from '../capture/capture-item.ts';
import type { FileAttributes } from '../capture/file-state.ts';
import { LiveFile, type LiveFileOptions } from '../capture/live-file.ts';
import { type SystemReason, systemReason } from '../capture/system-reason.ts';
import type { FileStatus } from '../format/file-status.ts';
import type { FileKey } from '../system/file-key.ts';

/** How the reading of a large file went; `unfinished` is a growing log that was read to the middle of a line. */
export interface ContentOutcome {
  status: FileStatus;
  detail: string;
  unfinished?: boolean;
}

/** The content of one large file, piece by piece. */
export interface ContentReader {
  readonly size: number;
  readonly attributes: FileAttributes | null;
  /** The file that is read, if it is another than the scan saw. */
  readonly replaced: FileKey | null;
  /** @returns bytes filled */
  read(into: Buffer, offset: number, length: number): number;
  /** Back to the first byte, with the same length. */
  rewind(): void;
  /** Whether only a second reading shows how it went. */
  needsSecondReading(): boolean;
  /**
   * Reports how it went, and ends it.
   *
   * @param stable whether a second reading gave the same, where one was needed
   */
  finish(stable?: boolean): ContentOutcome;
  /** Gives up. */
  close(): void;
}

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** @returns what the system said when it could not be opened */
export function openContent({ source }: FileItem, options: LiveFileOptions): ContentReader | SystemReason {
  if (source.kind === 'bytes') return new BytesReader(source.bytes);
  if (source.kind === 'live') return LiveFile.open(source, options);
  const copy = copySource(source.absolute);
  // Nobody else has written to it, not now and not before.
  const opened =
    'kind' in copy ? LiveFile.open(copy, { ...options, place: null, seenMs: Number.NEGATIVE_INFINITY }) : copy;
  return 'size' in opened ? opened : { status: 'unreadable', detail: `${COPY_GONE}: ${opened.detail}` };
}

/** The detail of a file whose private copy cannot be read: that the copy is gone does not mean that the file is. */
export const COPY_GONE = 'the copy that was made of it cannot be read';

/** A private copy as a live file that is in the state in which we left it. */
export function copySource(absolute: string): LiveSource | SystemReason {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(absolute, { bigint: true });
    const expect = { dev, ino, size: Number(size), mtimeNs, ctimeNs };
    return { kind: 'live', absolute, expect, idleDatabase: false, mapped: false };
  } catch (error) {
    return systemReason(error);
  }
}

class BytesReader implements ContentReader {
  readonly attributes = null;
  readonly replaced = null;
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(into: Buffer, offset: number, length: number): number {
    const part = this.#bytes.subarray(this.#position, this.#position + length);
    into.set(part, offset);
    this.#position += part.length;
    return part.length;
  }

  rewind(): void {
    this.#position = 0;
  }

  needsSecondReading(): boolean {
    return false;
  }

  finish(): ContentOutcome {
    return { status: 'ok', detail: '' };
  }

  close(): void {}
}
