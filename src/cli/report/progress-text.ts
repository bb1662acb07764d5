import type { Phase } from '../../events.ts';
import { count, formatBytes, formatNumber } from '../text/amounts.ts';

/** How far a phase has come. */
export interface ProgressState {
  phase: Phase;
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

/** One line of at most `columns` characters: phase, share, entries, bytes, rate, time left; from behind what does not fit is left out. */
export function progressText(state: ProgressState, columns: number): string {
  const { phase, entries, bytes, totalEntries, totalBytes, estimated, elapsedMs } = state;
  const about = estimated ? 'about ' : '';
  const parts = [DOING[phase]];
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
  while (parts.length > 1 && parts.join('  ').length > columns) parts.pop();
  return parts.join('  ').slice(0, Math.max(0, columns));
}

/** By bytes where there are any, for they take the time; null while the total is unknown. */
function shareDone({ entries, bytes, totalEntries, totalBytes, estimated }: ProgressState): number | null {
  // A phase that is expected to be done, and is not, has something left.
  const most = estimated ? 0.99 : 1;
  if (totalBytes !== undefined && totalBytes > 0) return Math.min(most, bytes / totalBytes);
  if (totalEntries !== undefined && totalEntries > 0) return Math.min(most, entries / totalEntries);
  return null;
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
