import { leaveLostDirectory } from './lost-directory.ts';
import { runCommandLine } from './run.ts';

/**
 * Runs the command line of this process, on its own streams.
 *
 * @param signal see `runCommandLine`
 * @returns the exit status
 */
export function runProcess(signal: AbortSignal): Promise<number> {
  leaveLostDirectory();
  const { argv, stdin, stdout, stderr, env } = process;
  return runCommandLine(argv.slice(2), { stdin, stdout, stderr, env }, signal);
}
