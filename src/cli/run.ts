import { BackupError } from '../errors.ts';
import { fromSystemError, isSystemError } from '../system-errors.ts';
import { complete } from './complete.ts';
import { COMPLETE_FLAG } from './completion-protocol.ts';
import { exitStatusOf } from './exit-status.ts';
import { answer } from './help.ts';
import { Output, OutputLost } from './report/output.ts';
import { Reporter, sayError } from './report/reporter.ts';
import { suggestFile } from './suggest-file.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs a command line.
 *
 * @param argv the arguments, without the program
 * @param signal aborted to end the command, which cleans up first; `exitStatus` of the reason is the exit status then
 * @returns the exit status
 */
export async function runCommandLine(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const output = new Output(terminal.stdout);
  if (argv[0] === COMPLETE_FLAG) {
    const { kind, words } = await complete(argv.slice(1), terminal.env);
    if (kind !== 'words') output.line(`\t${kind}`);
    for (const [word, meaning] of words) output.line(`${word}\t${meaning}`);
    return endOfOutput(output, terminal);
  }
  const text = await answer(argv, output.columns);
  if (text !== null) {
    output.line(text);
    return endOfOutput(output, terminal);
  }
  const { parse } = await loadParser();
  const parsed = await parse(argv);
  if (parsed.kind === 'wrong') {
    const hint = `See: oxios-backup ${parsed.name === null ? '' : `${parsed.name} `}--help`;
    const reporter = new Reporter(parsed.name ?? '', terminal, output, { json: argv.includes('--json') });
    await reporter.failure(2, { code: 'USAGE', message: parsed.message, hint }).catch(ignoreLost);
    return 2;
  }
  const { name, command, args } = parsed;
  const reporter = new Reporter(name, terminal, output, args);
  try {
    const context = { terminal, output, reporter, operation: { signal, onEvent: reporter.onEvent } };
    const status = await command.run(args as never, context);
    const flushed = await endOfOutput(output, terminal);
    return command.onlyOutput && status === 0 ? flushed : status;
  } catch (error) {
    reporter.end();
    if (error instanceof OutputLost) {
      sayLost(error, terminal);
      return command.onlyOutput ? 1 : (reporter.status ?? 1);
    }
    const failure = describeFailure(error, signal, terminal);
    await reporter.failure(failure.status, failure).catch(ignoreLost);
    return failure.status;
  }
}

/** It loads yargs, which would take most of the time of a help text. yargs asks for the working directory, which may be gone, but does not need it. */
async function loadParser(): Promise<typeof import('./parse.ts')> {
  const { cwd } = process;
  process.cwd = () => '/';
  try {
    return await import('./parse.ts');
  } finally {
    process.cwd = cwd;
  }
}

async function endOfOutput(output: Output, terminal: Terminal): Promise<number> {
  try {
    await output.flush();
    return 0;
  } catch (error) {
    if (!(error instanceof OutputLost)) throw error;
    sayLost(error, terminal);
    return 1;
  }
}

function sayLost(error: OutputLost, terminal: Terminal): void {
  if (!error.quiet) sayError(terminal, { message: error.message, hint: 'Look at where standard output goes.' });
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof OutputLost)) throw error;
}

interface Failure {
  status: number;
  code: string;
  message: string;
  path?: string | undefined;
  hint?: string | undefined;
}

function describeFailure(error: unknown, signal: AbortSignal, { env, stderr }: Terminal): Failure {
  const known = asBackupError(error);
  if (known !== null) {
    const { code, message, path } = known;
    const hint = suggestFile(known) ?? known.hint;
    const { exitStatus } = (signal.aborted ? signal.reason : null) ?? {};
    const interrupted = code === 'ABORTED' && typeof exitStatus === 'number' ? exitStatus : null;
    return { status: interrupted ?? exitStatusOf(code), code, message, path, hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  const debug = env.DEBUG === 'oxios-backup';
  if (debug && error instanceof Error) stderr.write(`${error.stack}\n`);
  return {
    status: 1,
    code: 'UNEXPECTED',
    message: `unexpected error: ${message.split('\n')[0]}`,
    hint: debug
      ? 'This is a bug in oxios-backup: please report it with the lines above.'
      : 'This is a bug in oxios-backup: run it again with DEBUG=oxios-backup, and please report what it prints.',
  };
}

/** An error of a system call that no caller has described is not a bug either. */
function asBackupError(error: unknown): BackupError | null {
  if (error instanceof BackupError) return error;
  return isSystemError(error) ? fromSystemError(error, 'continue') : null;
}
