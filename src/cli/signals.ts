import { existsSync } from 'node:fs';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** How long signals keep their default action in a command that leaves nothing to clean up. Most such commands are done by then. */
const FIRST_MOMENT_MS = 250;
/** How long a command that was asked to end may wait for something without doing anything itself. */
const STUCK_MS = 10_000;
/** Time in that span that the event loop needs for no more than the look whether it is stuck. */
const IDLE_MS = 10;

/**
 * Lets signals end a command: the first aborts it, so that it cleans up; the second does not wait for that.
 *
 * A command that is stuck after the first, because a worker thread hangs in a call on a mount that does not answer or a pipe is not
 * read, is ended as by the second. The next run removes what is left.
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  handleSignals(controller);
  return controller.signal;
}

/**
 * The same for a command that leaves nothing to clean up, whenever it is ended. In its first moment a signal has its default action, which
 * also ends a process that is stuck in a system call: neither a handler nor the thread of the watchdog is needed for that. They come
 * afterwards, so that a command that takes longer says that it was interrupted.
 */
export function abortOnLaterSignals(): AbortSignal {
  const controller = new AbortController();
  restoreDefaultActions();
  const begin = async () => {
    // Before a handler keeps signals waiting: the next thing that is done may be the call that does not come back.
    await watchForPendingSignals();
    handleSignals(controller);
  };
  setTimeout(begin, FIRST_MOMENT_MS).unref();
  return controller.signal;
}

function handleSignals(controller: AbortController): void {
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) endBy(name);
      const exitStatus = 128 + constants.signals[name];
      controller.abort(Object.assign(new Error(`interrupted by ${name}`), { exitStatus }));
      endIfStuck(name);
    });
  }
}

/** Node.js has handlers of its own, and a signal that has one stays pending during a system call. They are removed with the last listener. */
function restoreDefaultActions(): void {
  for (const name of SIGNALS) {
    const listener = () => {};
    process.on(name, listener);
    process.off(name, listener);
  }
}

/**
 * Starts the thread that ends the process when a signal cannot reach this one. Where `/proc` shows no pending signals, or
 * threads are not allowed, there is none.
 */
export async function watchForPendingSignals(): Promise<void> {
  if (!existsSync('/proc/self/status')) return;
  try {
    // Loaded here: most of the commands that are done in a moment have no threads.
    const { Worker } = await import('node:worker_threads');
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
