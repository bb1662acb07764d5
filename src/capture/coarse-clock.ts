import { statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { throwIfAborted } from '../workers/abort.ts';
import { CLOCK_TICK_MS } from './file-state.ts';

// Clocks of whole seconds: HFS+, ext3, FUSE and SFTP have one second, FAT two.

const NS_PER_SECOND = 1_000_000_000n;
const STEP_MS = 2000;

/** Whether a time may be of a clock of whole seconds. */
function isCoarse(timeNs: bigint): boolean {
  return timeNs % NS_PER_SECOND === 0n;
}

/**
 * Waits until a clock of whole seconds ticks, where a directory lies on a file system that has one: what is made from then on has a later time
 * than all that was there before. Returns at once where times are finer.
 *
 * @throws BackupError `ABORTED`; what the system says
 */
export async function waitForCoarseTick(directory: string, signal: AbortSignal | undefined): Promise<void> {
  if (!isCoarse(statSync(directory, { bigint: true }).ctimeNs)) return;
  await setTimeout(STEP_MS - (Date.now() % STEP_MS) + CLOCK_TICK_MS, undefined, { signal }).catch(() => {});
  throwIfAborted(signal);
}

/**
 * Whether a time was stamped before a moment, going by a clock that may have whole seconds and then ticked since: see `waitForCoarseTick`.
 *
 * @param momentMs milliseconds since 1970
 */
export function isStampedBefore(timeNs: bigint, momentMs: number): boolean {
  const ticked = momentMs - CLOCK_TICK_MS;
  return Number(timeNs) / 1e6 < (isCoarse(timeNs) ? ticked - (ticked % STEP_MS) : ticked);
}
