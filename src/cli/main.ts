#!/usr/bin/env node
import { abortOnLaterSignals, abortOnSignals, watchForPendingSignals } from './signals.ts';

// These look at what may not answer, and leave nothing behind. Options without a command are help and completion.
const READERS: readonly (string | undefined)[] = [undefined, 'help', 'version', 'completion', 'show', 'list', 'cat'];
const [command] = process.argv.slice(2);
const isReader = READERS.includes(command) || command?.startsWith('-') === true || process.argv.includes('--help');
const signal = isReader ? abortOnLaterSignals() : abortOnSignals();
if (!isReader) await watchForPendingSignals();

// Nothing is left to be said to somebody who does not listen.
process.stderr.on('error', () => {});

try {
  // Loaded here, so that a system that has no file descriptor left for it, or may not read it, is no stack trace.
  const { runProcess } = await import('./run-process.ts');
  // Not process.exit: what was written to a pipe may still be on its way.
  process.exitCode = await runProcess(signal);
} catch (error) {
  const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
  process.stderr.write(`oxios-backup: could not start: ${message}\n`);
  process.stderr.write('  Raise the limit of open files (ulimit -n 256), and let Node read its modules.\n');
  process.exitCode = 1;
}
