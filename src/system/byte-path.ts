import { readdirSync } from 'node:fs';

/** A path as the system has it: names that are not UTF-8 survive. */
export type BytePath = Buffer;

const SLASH = Buffer.from('/');

export function bytePath(path: string | BytePath): BytePath {
  return typeof path === 'string' ? Buffer.from(path) : path;
}

export function joinBytes(directory: string | BytePath, name: BytePath): BytePath {
  return Buffer.concat([bytePath(directory), SLASH, name]);
}

/** The names in a directory, sorted, so that two runs over one tree make the same calls in the same order. */
export function childNames(directory: string | BytePath): BytePath[] {
  return readdirSync(bytePath(directory), { encoding: 'buffer' }).sort(Buffer.compare);
}
