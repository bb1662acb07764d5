import { readlinkSync } from 'node:fs';
import { escapeBytes } from './directory-names.ts';
import { type SystemReason, systemReason } from './system-reason.ts';

/** Reads where a link points to, or why that cannot be had. */
export function readLink(absolute: string): { link: string } | SystemReason {
  try {
    const target = readlinkSync(absolute, { encoding: 'buffer' });
    const link = target.toString('utf8');
    if (Buffer.from(link, 'utf8').equals(target)) return { link };
    return { status: 'unreadable', detail: `it points to a name that is not UTF-8: ${escapeBytes(target)}` };
  } catch (error) {
    return systemReason(error);
  }
}

/** Whether a link leads out of the state directory, going by the names alone. */
export function pointsOutside(path: string, link: string): boolean {
  if (link.startsWith('/')) return true;
  let depth = path.split('/').length - 1;
  for (const part of link.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}
