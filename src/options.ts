import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { BackupError } from './errors.ts';
import type { OperationOptions } from './events.ts';
import { isRangeReader } from './storage/is-range-reader.ts';
import type { RangeReader } from './storage/range-reader.ts';

// Arguments and options come from programs in plain JavaScript too. They are checked before anything is touched.

/** A schema for each option: what is added to the interface without one is an error of types. */
type Shape<T> = { readonly [K in keyof Required<T>]: z.ZodMiniType };

/**
 * Makes the schema of an options object. Every option may be absent or undefined, but for the required ones; one without a schema is refused.
 *
 * @param shape by name; the error of each says what is allowed, to follow "must be"
 * @param required names of those without which there is nothing to do
 */
export function optionsSchema<T extends object>(
  shape: Shape<T>,
  required: readonly (keyof T)[] = [],
): z.ZodMiniType<T> {
  const entries = Object.entries<z.ZodMiniType>(shape).map(([name, schema]) => [
    name,
    required.includes(name as keyof T) ? schema : z.optional(schema),
  ]);
  const schema: z.ZodMiniType = z.strictObject(Object.fromEntries(entries), {
    error: ({ code }) => (code === 'unrecognized_keys' ? `one of: ${Object.keys(shape).join(', ')}` : 'an object'),
  });
  return schema as z.ZodMiniType<T>;
}

/**
 * Refuses options that are not what their interface says.
 *
 * @throws BackupError `USAGE`, with a sentence that names the option and what is allowed
 */
export function checkOptions<T>(schema: z.ZodMiniType<T>, options: T): void {
  check('options', schema, options);
}

/**
 * Refuses an argument.
 *
 * @param name what it is called in the documentation
 * @throws BackupError `USAGE`
 */
export function checkArgument(name: string, schema: z.ZodMiniType, value: unknown): void {
  check(name, schema, value);
}

function check(name: string, schema: z.ZodMiniType, value: unknown): void {
  const issue = schema.safeParse(value).error?.issues[0];
  if (issue === undefined) return;
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : String(part))).join('');
  const message =
    issue.code === 'unrecognized_keys'
      ? `there is no option ${JSON.stringify(issue.keys[0])}`
      : `${path || name} must be ${issue.message}, not ${shown(valueAt(value, issue.path))}`;
  const hint = issue.code === 'unrecognized_keys' ? `Options are ${issue.message}.` : undefined;
  throw new BackupError('USAGE', message, { hint });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown>)[part], value);
}

const SHOWN = 60;

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

const PATH = 'a path that is not empty';

/** A path: a string that is not empty. */
export const pathSchema = z.string(PATH).check(
  z.minLength(1, PATH),
  z.refine((path) => !path.includes('\0'), 'a path without NUL'),
);

/** A word or sentence. */
export const textSchema = z.string('text that is not empty').check(z.minLength(1, 'text that is not empty'));

/** Several of them. */
export const textsSchema = z.readonly(z.array(textSchema, 'an array of strings'));

export const flagSchema = z.boolean('true or false');

/** A whole number in a range, ends included. */
export function wholeNumberSchema(from: number, to: number): z.ZodMiniType {
  const allowed = `a whole number from ${from} to ${to}`;
  return z.int(allowed).check(z.gte(from, allowed), z.lte(to, allowed));
}

const SHARE = 'a number from 0 to 1';

/** A part of something. */
export const shareSchema = z.number(SHARE).check(z.gte(0, SHARE), z.lte(1, SHARE));

export const threadsSchema = wholeNumberSchema(1, 1024);

export function oneOfSchema(words: readonly string[]): z.ZodMiniType {
  return z.enum(
    Object.fromEntries(words.map((word) => [word, word])),
    words.map((word) => JSON.stringify(word)).join(' or '),
  );
}

/** A time that a manifest can hold. */
export const timeSchema = z
  .date('a valid Date')
  .check(z.refine((time) => time.getUTCFullYear() >= 0 && time.getUTCFullYear() <= 9999, 'a Date from year 0 to 9999'));

/** A path, or a `file:` URL of one. */
export const locationSchema = z.custom<string | URL>(
  (value) => isPath(value) || (value instanceof URL && value.protocol === 'file:'),
  'a path that is not empty, or a file: URL',
);

/** The path that was given as such, or as a `file:` URL. */
export function toPath(location: string | URL): string {
  return typeof location === 'string' ? location : fileURLToPath(location);
}

/** A snapshot to read; `SnapshotInput`. */
export const snapshotSchema = z.custom<string | URL | AsyncIterable<Uint8Array> | RangeReader>(
  (value) =>
    isPath(value) ||
    value instanceof URL ||
    isRangeReader(value) ||
    (typeof value === 'object' && value !== null && Symbol.asyncIterator in value),
  'a path that is not empty, a URL, or a readable stream',
);

/** A snapshot that can be read at any offset. */
export const parentSchema = z.custom<string | RangeReader>(
  (value) => isPath(value) || isRangeReader(value),
  'a path that is not empty, or a reader by ranges',
);

/** Where a snapshot goes; `CreateOutput`. */
export const outputSchema = z.custom<string | URL | { folder: string | URL } | Writable>(
  (value) =>
    folderSchema.safeParse(value).success ||
    isWritable(value) ||
    (typeof value === 'object' && value !== null && 'folder' in value && folderSchema.safeParse(value.folder).success),
  'a path that is not empty, { folder } with one, or a writable stream',
);

/** A state directory: its path, a `file:` URL of it, or a `StateStore`. */
export const stateDirSchema = z.custom<string | URL | { basePath: string }>(
  (value) => locationSchema.safeParse(value).success || storeSchema.safeParse(value).success,
  'a path that is not empty, a file: URL, or a StateStore',
);

/** The path of a state directory that was given in either way. */
export function stateDirPath(stateDir: string | URL | { basePath: string }): string {
  return typeof stateDir === 'string' || stateDir instanceof URL ? toPath(stateDir) : stateDir.basePath;
}

/** A folder of snapshots: its path, a `file:` URL of it, or an `s3://` URL. */
export const folderSchema = z.custom<string | URL>(
  (value) => isPath(value) || value instanceof URL,
  'a path that is not empty, or a URL',
);

/** The folder of snapshots that an operation is about. */
export interface FolderOption {
  /** Path of the folder, or its `file:` or `s3://` URL. */
  folder: string | URL;
}

/** The path of a folder of snapshots, or its `s3://` URL. */
export function folderPath(folder: string | URL): string {
  return folder instanceof URL && folder.protocol !== 'file:' ? folder.href : toPath(folder);
}

/** The state directory that an operation is about. */
export interface StateDirOption {
  /** Path or `file:` URL of the state directory. */
  stateDir: string | URL;
}

/** A `StateStore`, also one of another copy of this library. */
export const storeSchema = z.custom<{ basePath: string }>(
  (value) => typeof value === 'object' && value !== null && 'basePath' in value && isPath(value.basePath),
  'a StateStore',
);

function isPath(value: unknown): boolean {
  return pathSchema.safeParse(value).success;
}

function isStream(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'on' in value && typeof value.on === 'function';
}

function isWritable(value: unknown): boolean {
  return isStream(value) && 'write' in value && typeof value.write === 'function';
}

/** Schemas of the options that every operation takes. */
export const OPERATION_SHAPE: Shape<OperationOptions> = {
  signal: z.custom<AbortSignal>(
    (value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
    'an AbortSignal',
  ),
  onEvent: z.custom<NonNullable<OperationOptions['onEvent']>>((value) => typeof value === 'function', 'a function'),
};

/** For functions that take a folder and nothing else. */
export const folderOptionsSchema = optionsSchema<FolderOption & OperationOptions>(
  { ...OPERATION_SHAPE, folder: folderSchema },
  ['folder'],
);
