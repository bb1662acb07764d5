import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BackupError } from '../../errors.ts';
import type { Entry } from '../../format/entry.ts';
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../../format/manifest.ts';
import { MANIFEST_PATH } from '../../format/path-rules.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { readRange, streamFrom } from '../../storage/read-ahead.ts';
import { fromSystemError } from '../../system-errors.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import { AppleDoubleFilter } from './apple-double.ts';
import { ArchiveValidator } from './archive-validator.ts';
import { isTarHeader, otherFile, SIGNATURE_BYTES, withoutManifest } from './other-files.ts';
import { TarParser, type TarVisitor } from './tar-parser.ts';
import { refuseWindowsNames } from './windows-names.ts';

const CHUNK_BYTES = 256 * 1024;

/** Takes the entries of a foreign archive, each validated before. */
export interface ForeignVisitor {
  begin(entry: Entry): void;
  part(entry: Entry, content: Buffer): void;
  end(entry: Entry): void;
}

class StopReading extends Error {}

/** All decompressed bytes of the file, as fast as they are asked for. */
async function* inflatedChunks(
  source: RangeReader,
  signal: AbortSignal | undefined,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Buffer, void, void> {
  const inflated = createGunzip({ chunkSize: chunkBytes });
  // What it fails with comes out of `inflated` too.
  const fed = pipeline(Readable.from(streamFrom(source, 0, signal)), inflated).catch(() => {});
  try {
    for await (const chunk of inflated) {
      throwIfAborted(signal);
      yield chunk as Buffer;
    }
    await refuseTrailing(source, inflated.bytesWritten, signal);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'Z_BUF_ERROR') {
      throw new BackupError('SNAPSHOT_TRUNCATED', 'the gzip data ends too early: the file was cut short', {
        hint: 'Use another copy of it.',
        cause: error,
      });
    }
    if (code.startsWith('Z_')) {
      throw new BackupError('GZIP_INVALID', `the file is not a valid gzip file (${(error as Error).message})`, {
        hint: 'It is damaged, or no snapshot at all: use another file.',
        cause: error,
      });
    }
    throw fromSystemError(error, 'read the snapshot', source.name);
  } finally {
    inflated.destroy();
    await fed;
  }
}

/** What follows the last gzip member must be zeros: anything else zlib passes over without a word. */
async function refuseTrailing(source: RangeReader, consumed: number, signal: AbortSignal | undefined): Promise<void> {
  let at = consumed;
  for await (const chunk of streamFrom(source, consumed, signal)) {
    if (chunk.every((byte) => byte === 0)) {
      at += chunk.length;
      continue;
    }
    throw new BackupError('TRAILING_DATA', `${source.size - at} bytes follow the end of the gzip data`, {
      hint: 'Something was appended to it; get an untouched copy.',
    });
  }
}

/**
 * Leads all decompressed bytes of the file to `push`.
 *
 * @param chunkBytes how many at a time
 */
export async function gunzip(
  source: RangeReader,
  push: (chunk: Buffer) => void,
  signal: AbortSignal | undefined,
  chunkBytes?: number,
): Promise<void> {
  for await (const chunk of inflatedChunks(source, signal, chunkBytes)) push(chunk);
}

/** Reads the manifest of a foreign archive, which must be its first entry, and no more than that. */
export async function readForeignManifest(source: RangeReader): Promise<Manifest> {
  const other = otherFile(source.name, await readRange(source, 0, Math.min(SIGNATURE_BYTES, source.size)));
  if (other !== null) throw other;
  const parts: Buffer[] = [];
  let manifest: Manifest | null = null;
  const visitor: TarVisitor = {
    begin(entry) {
      if (entry.path !== MANIFEST_PATH && entry.path !== `./${MANIFEST_PATH}`)
        throw withoutManifest('its first entry is another one');
      if (entry.type !== 'file') throw withoutManifest(`it is a ${entry.type}`);
      if (entry.size > MAX_MANIFEST_BYTES)
        throw new BackupError('MANIFEST_INVALID', `manifest.json of the snapshot is too large (${entry.size} bytes)`, {
          hint: 'It was not made by oxios-backup or Oxios.',
        });
    },
    part: (_entry, content) => parts.push(Buffer.from(content)),
    end() {
      manifest = parseManifest(Buffer.concat(parts));
      throw new StopReading();
    },
  };
  const parser = new TarParser(new AppleDoubleFilter(visitor, () => {}));
  let head = Buffer.alloc(0);
  try {
    const push = (chunk: Buffer) => {
      if (head.length < SIGNATURE_BYTES) head = Buffer.concat([head, chunk.subarray(0, SIGNATURE_BYTES - head.length)]);
      parser.push(chunk);
    };
    await gunzip(source, push, undefined);
    parser.finish();
  } catch (error) {
    if (!(error instanceof StopReading)) throw isTarHeader(head) ? error : noTar(error, source.name, head);
  }
  if (manifest === null) throw withoutManifest('the archive is empty');
  return manifest;
}

/** A gzip file whose content does not begin as a tar does. @param error what reading it as one ended in */
function noTar(error: unknown, name: string, head: Buffer): unknown {
  const isEmptyTar = head.length === SIGNATURE_BYTES && head.every((byte) => byte === 0);
  if (!(error instanceof BackupError) || error.code === 'GZIP_INVALID' || head.length === 0 || isEmptyTar) return error;
  return new BackupError(error.code, `${name} is a gzip file, but what it holds is no tar, or damaged`, {
    path: name,
    hint: 'See what it is: gzip -dc FILE | file - ; a snapshot is a .tar.gz file that `createSnapshot()` made.',
    cause: error,
  });
}

/**
 * Goes through a whole foreign archive. Each entry is validated before the visitor gets it; what is wrong ends the pass.
 *
 * @returns the validator of what it holds
 * @throws BackupError one of kind `invalid`
 */
export async function visitForeign(
  source: RangeReader,
  visitor: ForeignVisitor | null,
  platform: NodeJS.Platform,
  signal?: AbortSignal,
): Promise<ArchiveValidator> {
  const steps = stepForeign(source, visitor, platform, signal);
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a few hundred KiB, so that what the visitor collected can be passed on between them. */
export async function* stepForeign(
  source: RangeReader,
  visitor: ForeignVisitor | null,
  platform: NodeJS.Platform,
  signal?: AbortSignal,
): AsyncGenerator<void, ArchiveValidator, void> {
  const validator = new ArchiveValidator(platform);
  let current: Entry | null = null;
  const tarVisitor: TarVisitor = {
    begin(entry) {
      refuseWindowsNames(entry);
      current = validator.take(entry);
      if (current !== null) visitor?.begin(current);
    },
    part(_entry, content) {
      if (current !== null) visitor?.part(current, content);
    },
    end() {
      if (current !== null) visitor?.end(current);
    },
    attributes: (path) => validator.noteAttributes(path),
  };
  const passOver = (entry: Entry): void => {
    refuseWindowsNames(entry);
    validator.passOver(entry);
  };
  const parser = new TarParser(new AppleDoubleFilter(tarVisitor, passOver));
  for await (const chunk of inflatedChunks(source, signal)) {
    parser.push(chunk);
    yield;
  }
  parser.finish();
  return validator;
}
