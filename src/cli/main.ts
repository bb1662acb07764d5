#!/usr/bin/env node
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const controller = new AbortController();
for (const name of SIGNALS) {
  process.on(name, () => {
    const status = 128 + constants.signals[name];
    // Somebody who asks twice does not want to wait for the clean-up. What stays behind, the next run clears.
    if (controller.signal.aborted) process.exit(status);
    controller.abort(Object.assign(new Error(`interrupted by ${name}`), { exitStatus: status }));
  });
}

// Nothing is left to be said to somebody who does not listen.
process.stderr.on('error', () => {});

try {
  // Loaded here, so that a system that has no file descriptor left for it, or may not read it, is no stack trace.
  const { runProcess } = await import('./run-process.ts');
  // Not process.exit: what was written to a pipe may still be on its way.
  process.exitCode = await runProcess(controller.signal);
} catch (error) {
  const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
  process.stderr.write(`oxios-backup: could not start: ${message}\n`);
  process.stderr.write('  Raise the limit of open files (ulimit -n 256), and let Node read its modules.\n');
  process.exitCode = 1;
}
