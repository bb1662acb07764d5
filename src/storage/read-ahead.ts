import { throwIfAborted } from '../workers/abort.ts';
import type { RangeReader } from './range-reader.ts';

// What is read ahead of a storage where each read is a request, and what is kept of it, is decided here and nowhere else.
// A local file is read as it is asked for: the system does the same for it.

/** Bytes of a snapshot. */
export interface FileRange {
  offset: number;
  length: number;
}

/** Bytes of a snapshot, and where they begin. */
export interface HeldRange {
  offset: number;
  bytes: Uint8Array;
}

/** Least that a look-up fetches; more than most index blocks and manifests have. */
const LEAST_BYTES = 64 * 1024;
/** The end of a snapshot that is fetched as one: its seal, and mostly the header of its index. */
const TAIL_BYTES = 192 * 1024;
/** Fetched where one look-up continues at the end of the last. */
const SEQUENTIAL_BYTES = 1024 * 1024;
/** Larger pieces are not kept. */
const KEPT_PIECE_BYTES = 2 * 1024 * 1024;
/** Most bytes that are kept. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Bytes that one request for a run of jobs fetches, unless a single job needs more. */
const REQUEST_BYTES = 4 * 1024 * 1024;
/** Runs of jobs whose bytes are on their way, or wait to be taken. */
const RUNS_AHEAD = 4;
/** A gap up to this length is read over: another request would take longer. */
const GAP_BYTES = 64 * 1024;
/** Pieces in which a stream is asked for. */
const STREAM_PIECE_BYTES = 256 * 1024;

/** Makes look-ups cost few requests: it fetches more than was asked for, and keeps what it fetched last. */
export class CachedReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  readonly beneath: RangeReader;
  readonly #signal: AbortSignal | undefined;
  /** Pieces in the order in which they were fetched. */
  #kept: HeldRange[] = [];
  /** Where the last piece ends that was fetched. */
  #fetchedUpTo = Number.NEGATIVE_INFINITY;

  /** @param signal given to every read */
  constructor(reader: RangeReader, signal: AbortSignal | undefined) {
    this.name = reader.name;
    this.size = reader.size;
    this.version = reader.version;
    this.beneath = reader;
    this.#signal = signal;
  }

  async read(offset: number, length: number, signal = this.#signal): Promise<Uint8Array> {
    const held = cut(this.#kept, offset, length);
    if (held !== null) return held;
    const range = this.#widened(offset, length);
    this.#fetchedUpTo = range.offset + range.length;
    const fetched = { offset: range.offset, bytes: await this.beneath.read(range.offset, range.length, signal) };
    if (range.length <= KEPT_PIECE_BYTES) this.#keep(fetched);
    return cut([fetched], offset, length) as Uint8Array;
  }

  close(): Promise<void> {
    this.#kept = [];
    return this.beneath.close();
  }

  #widened(offset: number, length: number): FileRange {
    // What lies beyond the end is for the reader to refuse.
    if (offset + length > this.size) return { offset, length };
    if (offset + length > this.size - TAIL_BYTES) {
      const start = Math.max(0, Math.min(offset, this.size - TAIL_BYTES));
      return { offset: start, length: this.size - start };
    }
    const isSequential = Math.abs(offset - this.#fetchedUpTo) <= GAP_BYTES;
    const least = isSequential ? SEQUENTIAL_BYTES : LEAST_BYTES;
    return { offset, length: Math.min(Math.max(length, least), this.size - offset) };
  }

  #keep(piece: HeldRange): void {
    this.#kept.push(piece);
    let bytes = this.#kept.reduce((sum, each) => sum + each.bytes.length, 0);
    while (bytes > KEPT_BYTES) bytes -= this.#kept.shift()?.bytes.length ?? 0;
  }
}

/** Bytes that one of these pieces holds as a whole; null where none does. Not a copy. */
export function cut(pieces: readonly HeldRange[], offset: number, length: number): Uint8Array | null {
  const piece = pieces.findLast((each) => each.offset <= offset && offset + length <= each.offset + each.bytes.length);
  return piece === undefined ? null : piece.bytes.subarray(offset - piece.offset, offset - piece.offset + length);
}

/**
 * Reads what each of many jobs needs, in their order: neighbouring ranges of several jobs in one request, several requests at once. Of jobs
 * that need little it holds 16 MiB or so, of others what five of them need.
 *
 * @param rangesOf what a job needs
 * @returns each job with its ranges, in the order of `rangesOf`
 */
export async function* readAhead<Job>(
  reader: RangeReader,
  jobs: AsyncIterable<Job> | Iterable<Job>,
  rangesOf: (job: Job) => FileRange[] | Promise<FileRange[]>,
  signal?: AbortSignal,
): AsyncGenerator<{ job: Job; held: HeldRange[] }, void, void> {
  const ahead: { run: Run<Job>; read: Promise<HeldRange[]> }[] = [];
  const start = (run: Run<Job>) => {
    const read = run.read(reader, signal);
    // A failure is reported when the run is taken; until then it must not be an unhandled rejection.
    read.catch(() => {});
    ahead.push({ run, read });
  };
  let run = new Run<Job>();
  for await (const job of jobs) {
    throwIfAborted(signal);
    run.add(job, await rangesOf(job));
    if (run.bytes < REQUEST_BYTES) continue;
    start(run);
    run = new Run();
    if (ahead.length >= RUNS_AHEAD) yield* takeNext(ahead);
  }
  start(run);
  while (ahead.length > 0) yield* takeNext(ahead);
}

async function* takeNext<Job>(
  ahead: { run: Run<Job>; read: Promise<HeldRange[]> }[],
): AsyncGenerator<{ job: Job; held: HeldRange[] }, void, void> {
  const next = ahead.shift();
  if (next !== undefined) yield* next.run.shareOut(await next.read);
}

/** Jobs whose bytes are asked for together. */
class Run<Job> {
  bytes = 0;
  readonly #jobs: { job: Job; ranges: FileRange[] }[] = [];

  add(job: Job, ranges: FileRange[]): void {
    this.#jobs.push({ job, ranges });
    for (const { length } of ranges) this.bytes += length;
  }

  async read(reader: RangeReader, signal: AbortSignal | undefined): Promise<HeldRange[]> {
    const joined = joinRanges(this.#jobs.flatMap(({ ranges }) => ranges));
    return Promise.all(
      joined.map(async ({ offset, length }) => ({ offset, bytes: await reader.read(offset, length, signal) })),
    );
  }

  *shareOut(pieces: readonly HeldRange[]): Generator<{ job: Job; held: HeldRange[] }, void, void> {
    for (const { job, ranges } of this.#jobs) {
      const held = ranges.map(({ offset, length }) => ({ offset, bytes: cut(pieces, offset, length) as Uint8Array }));
      yield { job, held };
    }
  }
}

/** Ranges that hold all of these, with as few gaps as are worth a request. */
function joinRanges(ranges: FileRange[]): FileRange[] {
  const joined: FileRange[] = [];
  for (const { offset, length } of ranges.sort((a, b) => a.offset - b.offset)) {
    const last = joined.at(-1);
    if (last !== undefined && offset <= last.offset + last.length + GAP_BYTES)
      last.length = Math.max(last.length, offset + length - last.offset);
    else joined.push({ offset, length });
  }
  return joined;
}

/**
 * Reads what each of many jobs needs, in their order, in this thread. A local file is read as the jobs are taken.
 *
 * @param rangeOf what a job needs; null for nothing
 */
export async function* readEach<Job>(
  reader: RangeReader,
  jobs: Iterable<Job>,
  rangeOf: (job: Job) => FileRange | null,
  signal?: AbortSignal,
): AsyncGenerator<{ job: Job; bytes: Buffer | null }, void, void> {
  if (reader.descriptor !== undefined) {
    for (const job of jobs) {
      const range = rangeOf(job);
      yield { job, bytes: range && toBuffer(await reader.read(range.offset, range.length, signal)) };
    }
    return;
  }
  const rangesOf = (job: Job) => [rangeOf(job)].filter((range) => range !== null);
  for await (const { job, held } of readAhead(reader, jobs, rangesOf, signal)) {
    const [range] = held;
    yield { job, bytes: range === undefined ? null : toBuffer(range.bytes) };
  }
}

/** All bytes from an offset on, in order. */
export async function* streamFrom(
  reader: RangeReader,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  // Whoever needs only the beginning gets it without the rest.
  const first = Math.min(LEAST_BYTES, reader.size - from);
  if (first <= 0) return;
  yield toBuffer(await reader.read(from, first, signal));
  for await (const { bytes } of readEach(reader, pieces(from + first, reader.size), (piece) => piece, signal))
    if (bytes !== null) yield bytes;
}

function* pieces(from: number, to: number): Generator<FileRange, void, void> {
  for (let offset = from; offset < to; offset += STREAM_PIECE_BYTES)
    yield { offset, length: Math.min(STREAM_PIECE_BYTES, to - offset) };
}

/** Reads exactly `length` bytes. */
export async function readRange(reader: RangeReader, offset: number, length: number): Promise<Buffer> {
  return toBuffer(await reader.read(offset, length));
}

/** The same bytes as a `Buffer`. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
