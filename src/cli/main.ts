#!/usr/bin/env node
import { constants } from 'node:os';
import { Interrupted, runCommandLine } from './run.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const controller = new AbortController();
for (const name of SIGNALS) {
  process.on(name, () => {
    const status = 128 + constants.signals[name];
    // Somebody who asks twice does not want to wait for the clean-up. What stays behind, the next run clears.
    if (controller.signal.aborted) process.exit(status);
    controller.abort(new Interrupted(name, status));
  });
}

// Nothing is left to be said to somebody who does not listen.
process.stderr.on('error', () => {});

// Not process.exit: what was written to a pipe may still be on its way.
process.exitCode = await runCommandLine(process.argv.slice(2), process, controller.signal);
