#!/usr/bin/env node
import { COMPLETE_FLAG } from './completion-protocol.ts';
import { abortOnLaterSignals, abortOnSignals, watchForPendingSignals } from './signals.ts';

// These may read from a mount that does not answer, and have nothing to clean up. An option may come before a command that has.
const READERS: readonly (string | undefined)[] = [
  COMPLETE_FLAG,
  'help',
  'version',
  'completion',
  'show',
  'list',
  'cat',
];
const words = process.argv.slice(2);
const isHelp = words.includes('--help') || words.every((word) => word.startsWith('-'));
const isReader = isHelp || READERS.includes(words[0]);
const signal = isReader ? abortOnLaterSignals() : abortOnSignals();
if (!isReader) await watchForPendingSignals();

// Where messages cannot be written, there is nobody to report that to.
process.stderr.on('error', () => {});

try {
  // Loaded here, so that a module that cannot be opened (no file descriptor is left, no permission) is a message and no stack trace.
  const { runProcess } = await import('./run-process.ts');
  // Not process.exit: what was written to a pipe may not have been sent yet.
  process.exitCode = await runProcess(signal);
} catch (error) {
  const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
  process.stderr.write(`oxios-backup: could not start: ${message}\n`);
  process.stderr.write('  Raise the limit of open files (ulimit -n 256), and let Node read its modules.\n');
  process.exitCode = 1;
}
