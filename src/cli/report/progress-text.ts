import type { Phase } from '../../events.ts';
import { printable } from '../../format/printable.ts';
import { count, formatBytes, formatNumber } from '../text/amounts.ts';
import { displayWidth, shortenMiddle } from '../text/display-width.ts';

/** One of several snapshots. */
export interface ShownSnapshot {
  name: string;
  number?: number;
  total?: number;
}

/** How far a phase has come. */
export interface ProgressState {
  phase: Phase;
  /** What is being verified, of several snapshots. */
  snapshot?: ShownSnapshot | null;
  entries: number;
  bytes: number;
  totalEntries?: number;
  totalBytes?: number;
  /** Whether the totals are what is expected. */
  estimated?: true;
  /** Since the phase began. */
  elapsedMs: number;
}

const DOING: Record<Phase, string> = {
  capture: 'capturing',
  index: 'writing the index',
  check: 'checking',
  extract: 'extracting',
  sync: 'syncing to disk',
  commit: 'committing',
};

/** Before that a rate says little and a remaining time nothing. */
const MEANINGFUL_MS = 1000;

/** One line of at most `columns` characters: phase, share, entries, bytes, rate, time left; what does not fit is omitted, from the end on. */
export function progressText(state: ProgressState, columns: number): string {
  const { phase, snapshot, entries, bytes, totalEntries, totalBytes, estimated, elapsedMs } = state;
  const about = estimated ? 'about ' : '';
  const parts = [snapshot ? verifying(snapshot, columns) : DOING[phase]];
  const share = shareDone(state);
  if (share !== null) parts.push(`${about}${Math.floor(share * 100)}%`);
  if (entries > 0) {
    const known = totalEntries !== undefined && !estimated;
    parts.push(known ? `${formatNumber(entries)}/${formatNumber(totalEntries)} entries` : count(entries, 'entry'));
  }
  if (bytes > 0) {
    const of = totalBytes === undefined ? '' : ` of ${about}${formatBytes(totalBytes)}`;
    parts.push(`${formatBytes(bytes)}${of}`);
    if (elapsedMs >= MEANINGFUL_MS) parts.push(`${formatBytes(Math.round((bytes * 1000) / elapsedMs))}/s`);
  }
  if (share !== null && share > 0 && share < 1 && elapsedMs >= MEANINGFUL_MS) {
    parts.push(`${about}${clock((elapsedMs * (1 - share)) / share)} left`);
  }
  while (parts.length > 1 && displayWidth(parts.join('  ')) > columns) parts.pop();
  const text = parts.join('  ');
  return columns < 1 ? '' : snapshot ? shortenMiddle(text, columns) : text.slice(0, columns);
}

/** Room for the share beside it. */
const SHARE_WIDTH = 6;
const LEAST_NAME = 8;

/** `verifying NAME (1/20)` */
function verifying({ name, number, total }: ShownSnapshot, columns: number): string {
  const place = number === undefined || total === undefined ? '' : ` (${number}/${total})`;
  const room = columns - 'verifying '.length - place.length - SHARE_WIDTH;
  return `verifying ${shortenMiddle(printable(name), Math.max(LEAST_NAME, room))}${place}`;
}

/** About as many bytes as an entry takes the time of. */
const ENTRY_BYTES = 8192;

/** By bytes and entries, for both take time; null while the total is unknown. */
function shareDone({ entries, bytes, totalEntries, totalBytes, estimated }: ProgressState): number | null {
  // A phase that is expected to be done, and is not, has something left.
  const most = estimated ? 0.99 : 1;
  const total = (totalBytes ?? 0) + (totalEntries ?? 0) * ENTRY_BYTES;
  if (total === 0) return null;
  const done = (totalBytes === undefined ? 0 : bytes) + (totalEntries === undefined ? 0 : entries) * ENTRY_BYTES;
  return Math.min(most, done / total);
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
