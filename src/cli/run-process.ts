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
  const { argv, stdout, stderr, env } = process;
  const terminal = {
    // Only when a command reads it: making it takes time.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    env,
  };
  return runCommandLine(argv.slice(2), terminal, signal);
}
