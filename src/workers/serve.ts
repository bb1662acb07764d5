import { parentPort } from 'node:worker_threads';
import { BackupError } from '../errors.ts';
import { fromSystemError, isSystemError } from '../system-errors.ts';
import type { Reply } from './pool.ts';

/** What a job's handler gives back, and the buffers of it to move instead of copy. */
export interface Answer {
  result: unknown;
  transfer?: ArrayBuffer[] | undefined;
}

/** Makes this thread answer the jobs of a `WorkerPool`. `doing` names its work in errors that the system raises. */
export function serve<Job>(doing: string, handle: (job: Job) => Answer): void {
  parentPort?.on('message', (job: Job) => {
    let reply: Reply<unknown>;
    let transfer: ArrayBuffer[] = [];
    try {
      const answer = handle(job);
      reply = { result: answer.result };
      transfer = answer.transfer ?? [];
    } catch (caught) {
      if (isExpected(caught)) {
        const { code, message, path, hint } = fromSystemError(caught, doing);
        reply = { error: { code, message, path, hint } };
      } else {
        // A bug: it arrives as it is, with its stack.
        reply = { bug: caught instanceof Error ? caught : new Error(String(caught)) };
      }
    }
    parentPort?.postMessage(reply, transfer);
  });
}

/** Whether an error is one of ours, of a system call, or of zlib. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof BackupError || isSystemError(error) || /^Z_/.test(String((error as { code?: unknown })?.code))
  );
}
