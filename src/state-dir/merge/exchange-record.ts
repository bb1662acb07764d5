import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { BackupError } from '../../errors.ts';
import { fromSystemError } from '../../system-errors.ts';
import type { KnownTopAttributes } from '../top-attributes.ts';

/**
 * One path that changes hands. Paths are relative to the state directory, their bytes written as latin1. `out` and `in` are the same path,
 * but for its spelling on a file system that folds names.
 */
export interface ExchangeItem {
  /** What leaves the state directory; null if nothing is there. */
  out: string | null;
  /** What comes; null if something only goes. */
  in: string | null;
  /** Where what comes lies below the incoming directory; null if that is `in`. */
  from: string | null;
  /** On which volume it is: an index of `volumes`. */
  volume: number;
  /** Mode of a directory that has to be made writable for its move; else null. */
  outMode: number | null;
  inMode: number | null;
}

/** A directory that things leave or enter, or whose attributes change. They are listed with those deep down first. */
export interface ExchangedDirectory {
  path: string;
  before: KnownTopAttributes;
  after: KnownTopAttributes;
}

/** What an exchange is about to do; afterwards, what is needed to reverse it. */
export interface ExchangeRecord {
  /** Tops of the volumes, relative to the state directory. The first, '', is that of the state directory itself. */
  volumes: string[];
  items: ExchangeItem[];
  directories: ExchangedDirectory[];
  /** Files that have the names of side files of exchanged databases, and stay: an undo must not take them for those of the newer database. */
  beside: string[];
}

const RECORD_NAME = 'record.jsonl';
const CHUNK = 1024 * 1024;

const pathSchema = z
  .string()
  .check(z.refine((path) => !path.includes('\0') && path.split('/').every((name) => !['', '.', '..'].includes(name))));
const modeSchema = z.nullable(z.int().check(z.minimum(0), z.maximum(0o7777)));
const attributesSchema = z.tuple([z.int(), z.int(), z.int(), z.string().check(z.regex(/^-?\d{1,30}$/))]);
const headSchema = z.object({ format: z.literal(1), volumes: z.array(z.union([z.literal(''), pathSchema])) });
const lineSchema = z.union([
  z.tuple([
    z.literal('path'),
    z.nullable(pathSchema),
    z.nullable(pathSchema),
    z.nullable(pathSchema),
    z.int().check(z.minimum(0)),
    modeSchema,
    modeSchema,
  ]),
  z.tuple([z.literal('directory'), z.union([z.literal(''), pathSchema]), attributesSchema, attributesSchema]),
  z.tuple([z.literal('beside'), pathSchema]),
  z.tuple([z.literal('end'), z.int()]),
]);

type Line = z.infer<typeof lineSchema>;

export function recordPath(directory: string): string {
  return join(directory, RECORD_NAME);
}

function attributesOf({ mode, uid, gid, mtimeNs }: KnownTopAttributes): [number, number, number, string] {
  return [mode, uid, gid, String(mtimeNs)];
}

function* linesOf({ items, directories, beside }: ExchangeRecord): Generator<Line> {
  for (const each of items) yield ['path', each.out, each.in, each.from, each.volume, each.outMode, each.inMode];
  for (const { path, before, after } of directories)
    yield ['directory', path, attributesOf(before), attributesOf(after)];
  for (const path of beside) yield ['beside', path];
  yield ['end', items.length + directories.length + beside.length];
}

/** Writes a record into a directory that has none, durably but for its name. A line a path: there may be a million. */
export function writeRecord(directory: string, record: ExchangeRecord): void {
  const descriptor = openSync(recordPath(directory), 'wx', 0o600);
  try {
    let chunk = `${JSON.stringify({ format: 1, volumes: record.volumes })}\n`;
    for (const line of linesOf(record)) {
      chunk += `${JSON.stringify(line)}\n`;
      if (chunk.length < CHUNK) continue;
      writeAll(descriptor, Buffer.from(chunk));
      chunk = '';
    }
    writeAll(descriptor, Buffer.from(chunk));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}

/**
 * Reads the record in a directory.
 *
 * @throws `IO` if there is none, or it cannot be understood
 */
export function readRecord(directory: string): ExchangeRecord {
  const path = recordPath(directory);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fromSystemError(error, 'read what a merge exchanged', path);
  }
  try {
    return parseRecord(bytes);
  } catch (error) {
    throw new BackupError('IO', 'the list of what a merge exchanged cannot be understood', {
      path,
      hint: 'What it took out of the state directory lies beside that file, below "before".',
      cause: error,
    });
  }
}

function parseRecord(bytes: Buffer): ExchangeRecord {
  let start = bytes.indexOf(10) + 1;
  const { volumes } = headSchema.parse(JSON.parse(bytes.toString('utf8', 0, start)));
  const record: ExchangeRecord = { volumes, items: [], directories: [], beside: [] };
  let lines = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; start = end + 1, end = bytes.indexOf(10, start)) {
    const line = lineSchema.parse(JSON.parse(bytes.toString('utf8', start, end)));
    if (line[0] === 'end') {
      if (line[1] === lines && end === bytes.length - 1) return record;
      break;
    }
    lines += 1;
    if (line[0] === 'path') {
      const [, out, incoming, from, volume, outMode, inMode] = line;
      if (volume >= volumes.length) throw new Error('it names a volume that is not listed');
      record.items.push({ out, in: incoming, from, volume, outMode, inMode });
    } else if (line[0] === 'beside') {
      record.beside.push(line[1]);
    } else {
      const [, path, before, after] = line;
      record.directories.push({ path, before: knownAttributes(before), after: knownAttributes(after) });
    }
  }
  throw new Error('it is cut');
}

function knownAttributes([mode, uid, gid, mtime]: [number, number, number, string]): KnownTopAttributes {
  return { mode, uid, gid, mtimeNs: BigInt(mtime) };
}
