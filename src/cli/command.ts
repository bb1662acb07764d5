import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import type { OperationOptions } from '../events.ts';
import type { Output } from './report/output.ts';
import type { Reporter } from './report/reporter.ts';
import type { Terminal } from './terminal.ts';

/** What a command gets besides its arguments. */
export interface Context {
  terminal: Terminal;
  /** Standard output, for commands whose product it is. */
  output: Output;
  reporter: Reporter;
  /** For the library call: the signal that Ctrl-C raises, and where events go. */
  operation: Required<OperationOptions>;
}

/** What a shell offers for a value: names of files, what a snapshot holds that was named before, or previous states of the state directory. */
export type CompletedBy = 'files' | 'snapshots' | 'directories' | 'sections' | 'entries' | 'patterns' | 'previous';

/** An option as yargs has it, what its value is called in the help, and what it is completed by: without that, by nothing. */
export interface CommandOption extends Options {
  value?: string;
  completes?: CompletedBy;
}

/** A positional argument as yargs has it, and what it is completed by. */
export interface CommandPositional extends PositionalOptions {
  completes?: CompletedBy;
}

/** One command of the command line: its arguments, what its help says, and what it does. */
export interface Command<Arguments = never> {
  positionals: Record<string, CommandPositional>;
  options: Record<string, CommandOption>;
  /** Command lines, each with what it does. */
  examples: [command: string, what: string][];
  /** A paragraph below the help. */
  note?: string;
  /**
   * Whether standard output is all that the command is for. Then it has failed when its reader goes away; what other commands did, stays done.
   */
  onlyOutput: boolean;
  /** Makes the one library call and renders its result. @returns the exit status */
  run: (args: Arguments, context: Context) => Promise<number>;
}

type ArgumentsOf<P, O> = InferredOptionTypes<P & O & Record<never, Options>>;

/** Ties the types of the arguments to what a command declares. */
export function defineCommand<
  const P extends Record<string, CommandPositional>,
  const O extends Record<string, CommandOption>,
>(
  command: Omit<Command, 'positionals' | 'options' | 'run'> & {
    positionals: P;
    options: O;
    run: (args: ArgumentsOf<P, O>, context: Context) => Promise<number>;
  },
): Command {
  return command as unknown as Command;
}
