import { readFileSync } from 'node:fs';

/**
 * A thread that ends the process when a signal that is to end it does not reach the main thread.
 *
 * A system call on a mount whose server does not answer (NFS, FUSE) never returns. The main thread looks at a live directory by
 * such calls, and a signal that it has a handler for stays pending as long as it is in one: without this, only SIGKILL would help.
 * Nothing is cleaned up, which only that thread could do. The next run removes what is left, and nothing is committed in part.
 */

/** Milliseconds between two looks. */
const PERIOD_MS = 1000;
/** Looks at which a signal must be pending, one after the other. A main thread that is merely busy takes it at its next turn. */
const LOOKS = 5;

/** SIGHUP, SIGINT and SIGTERM in the masks of the kernel. */
const ENDING = (1n << 0n) | (1n << 1n) | (1n << 14n);

let looks = 0;
setInterval(() => {
  looks = isEndingPending() ? looks + 1 : 0;
  // There is no other way from here: the handlers are the main thread's.
  if (looks === LOOKS) process.kill(process.pid, 'SIGKILL');
}, PERIOD_MS);

/** Whether one of them waits for the process or for its main thread. `/proc/self/status` has the masks in hexadecimal. */
function isEndingPending(): boolean {
  const status = readFileSync('/proc/self/status', 'latin1');
  for (const [, mask] of status.matchAll(/^(?:SigPnd|ShdPnd):\s+([0-9a-f]+)$/gm)) {
    if ((BigInt(`0x${mask}`) & ENDING) !== 0n) return true;
  }
  return false;
}
