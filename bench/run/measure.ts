import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endedChildrenCpuSeconds, MemoryWatch } from './process-tree.ts';

/** A command as it is started: program and arguments, no shell in between. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What one run of a command cost. */
export interface Cost {
  /** Wall clock. */
  readonly seconds: number;
  /** User and system time of the whole process tree. */
  readonly cpuSeconds: number;
  /** Of the whole process tree, see {@link MemoryWatch}. */
  readonly peakMemoryBytes: number;
}

/**
 * Runs a command with its output thrown away, and measures it.
 *
 * @throws Error if the command cannot be started or ends with a status other than 0; the message ends with the last of
 * its standard error.
 */
export async function measure(command: Command): Promise<Cost> {
  const [program, ...args] = command.argv;
  const cpuBefore = endedChildrenCpuSeconds();
  const started = process.hrtime.bigint();
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const watch = child.pid === undefined ? undefined : new MemoryWatch(child.pid);
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    if (status !== 0) throw new Error(`${program} ended with ${signal ?? `status ${status}`}: ${complaint.trim()}`);
    return { seconds, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore, peakMemoryBytes: watch?.stop() ?? 0 };
  } finally {
    watch?.stop();
  }
}
