import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** How long a command that was told to end may wait for something without doing anything itself. */
const STUCK_MS = 10_000;
/** Time in that span that the event loop spends on nothing but looking whether it is stuck. */
const IDLE_MS = 10;

/**
 * Lets signals end a command: the first aborts it, so that it cleans up; the second does not wait for that.
 *
 * A command that is stuck after the first, because a worker thread hangs in a call on a mount that does not answer or a pipe is not
 * read, is ended as by the second. What stays behind, the next run clears.
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) endBy(name);
      const exitStatus = 128 + constants.signals[name];
      controller.abort(Object.assign(new Error(`interrupted by ${name}`), { exitStatus }));
      endIfStuck(name);
    });
  }
  return controller.signal;
}

/**
 * Starts the thread that ends the process when a signal cannot reach this one. Where `/proc` shows no pending signals, or
 * threads are not allowed, there is none.
 */
export function watchForPendingSignals(): void {
  if (!existsSync('/proc/self/status')) return;
  try {
    const watchdog = new Worker(new URL('./signal-watchdog.js', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
    });
    watchdog.on('error', () => {});
    watchdog.unref();
  } catch {
    // Node's permission model may forbid it.
  }
}

function endIfStuck(name: Signal): void {
  let last = performance.eventLoopUtilization().active;
  const timer = setInterval(() => {
    const { active } = performance.eventLoopUtilization();
    if (active - last < IDLE_MS) endBy(name);
    last = active;
  }, STUCK_MS);
  timer.unref();
}

/** As if there were no handlers. Not `process.exit`, which waits for worker threads, and those may never end. */
function endBy(name: Signal): void {
  for (const handled of SIGNALS) process.removeAllListeners(handled);
  process.kill(process.pid, name);
}
