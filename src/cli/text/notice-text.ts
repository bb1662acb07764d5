import type { Notice } from '../../index.ts';
import { commandHint } from './command-hint.ts';

/** A notice as a line. */
export function noticeLine({ path, message, hint }: Notice): string {
  const todo = hint === undefined ? '' : `. ${commandHint(hint)}`;
  return `note: ${path === undefined ? '' : `${path}: `}${message}${todo}`;
}
