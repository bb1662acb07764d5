import { setTimeout as delay } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { wholeNumberSchema } from '../../options.ts';
import { throwIfAborted } from '../../workers/abort.ts';

export interface LockWaitOptions {
  /**
   * How many milliseconds to wait for another run that holds the lock on the state directory. A notice names that run. After that time it is
   * `STATE_DIR_LOCKED`.
   *
   * @default 0
   */
  lockWait?: number;
}

/** Schemas of these options. The longest is what a timer of Node takes. */
export const LOCK_WAIT_SHAPE = { lockWait: wholeNumberSchema(0, 2 ** 31 - 1) };

const LOOK_EVERY_MS = 500;

/**
 * Acquires a lock, and while another run holds it tries again.
 *
 * @param acquire throws `STATE_DIR_LOCKED`, with the state directory as its path
 * @param isHeld whether a running process still holds it; looks without trying to take it
 * @throws BackupError the last `STATE_DIR_LOCKED` when the time is over, `ABORTED`, and what `acquire` throws besides
 */
export async function acquireWithin<Lock>(
  acquire: () => Promise<Lock>,
  isHeld: () => boolean,
  { lockWait = 0, signal, onEvent }: LockWaitOptions & OperationOptions,
): Promise<Lock> {
  let end: number | null = null;
  let said: string | null = null;
  for (;;) {
    try {
      return await acquire();
    } catch (error) {
      const isLocked = error instanceof BackupError && error.code === 'STATE_DIR_LOCKED';
      if (!isLocked || lockWait === 0 || (end !== null && performance.now() >= end)) throw error;
      end ??= performance.now() + lockWait;
      if (said !== error.message) onEvent?.({ type: 'notice', message: `${error.message}: waiting until it is done` });
      said = error.message;
    }
    do {
      await rest(Math.min(LOOK_EVERY_MS, Math.max(0, end - performance.now())), signal);
    } while (performance.now() < end && isHeld());
  }
}

async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  // Its rejection is an AbortError of Node: ours says what it means.
  await delay(ms, undefined, { ...(signal && { signal }) }).catch(() => {});
  throwIfAborted(signal);
}
