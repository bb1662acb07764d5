import type { Problem } from '../../validate/problem.ts';
import { commandHint } from './command-hint.ts';

const NAMED_ENTRIES = 20;

/** What is wrong with a snapshot, then the bytes and the entries that it concerns, then what to do. */
export function problemLines({ code, message, paths, offset, length, hint }: Problem): string[] {
  const shown = paths.slice(0, NAMED_ENTRIES).map((path) => `      ${path}`);
  if (paths.length > shown.length) shown.push(`      and ${paths.length - shown.length} more; --json names all`);
  return [
    `  ${code}: ${message}${message.includes(`byte`) ? '' : byteRange(offset, length)}`,
    ...shown,
    ...(hint === undefined ? [] : [`    ${commandHint(hint)}`]),
  ];
}

function byteRange(offset: number | undefined, length: number | undefined): string {
  if (offset === undefined) return '';
  return length === undefined || length < 2 ? ` (at byte ${offset})` : ` (bytes ${offset} to ${offset + length - 1})`;
}
