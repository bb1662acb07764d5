import { BackupError } from '../errors.ts';

/** Ends an operation that its caller has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new BackupError('ABORTED', 'interrupted', {
    hint: 'Nothing was committed or changed; run it again.',
    cause: signal.reason,
  });
}
