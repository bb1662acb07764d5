import fs from 'node:fs';
import type { CaptureItem, LiveSource } from '../capture/capture-item.ts';
import type { FileAttributes } from '../capture/file-state.ts';
import { LiveFile } from '../capture/live-file.ts';
import type { RealPlace } from '../capture/real-place.ts';
import { type SystemReason, systemReason } from '../capture/system-reason.ts';
import type { Verdict } from '../capture/verdict.ts';

/** The content of one large file, piece by piece. */
export interface ContentReader {
  readonly size: number;
  readonly attributes: FileAttributes | null;
  /** Whether it is another file than the scan saw. */
  readonly replaced: boolean;
  /** @returns bytes filled */
  read(into: Buffer, offset: number, length: number): number;
  /** Says how it went, and ends it. */
  finish(): { verdict: Verdict; detail: string };
  /** Gives up. */
  close(): void;
}

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** @returns what the system said when it could not be opened */
export function openContent({ source }: FileItem, place: RealPlace): ContentReader | SystemReason {
  if (source.kind === 'bytes') return new BytesReader(source.bytes);
  const live = source.kind === 'live' ? source : copySource(source.absolute);
  return 'kind' in live ? LiveFile.open(live, source.kind === 'live' ? place : null) : live;
}

/** A private copy as a live file that is in the state in which we left it. */
export function copySource(absolute: string): LiveSource | SystemReason {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(absolute, { bigint: true });
    const expect = { dev, ino, size: Number(size), mtimeNs, ctimeNs };
    return { kind: 'live', absolute, expect, appendOnly: false, quietDatabase: false };
  } catch (error) {
    return systemReason(error);
  }
}

class BytesReader implements ContentReader {
  readonly attributes = null;
  readonly replaced = false;
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

  finish(): { verdict: Verdict; detail: string } {
    return { verdict: 'clean', detail: '' };
  }

  close(): void {}
}
