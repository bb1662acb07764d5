import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { injecting } from '../strace.ts';
import { ACTOR } from './actor-program.ts';

export const hasStrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;

export interface Outcome {
  /** Killed, or ended with what it printed. */
  killed: boolean;
  ok: boolean;
  code: string | undefined;
}

/** One system call of the main thread: the n-th of its name. */
export interface Call {
  name: string;
  n: number;
  text: string;
}

interface Ended {
  stdout: string;
  stderr: string;
  exitCode?: number | undefined;
  signal?: string | undefined;
}

/** strace ends by the signal that ended what it traced. */
function outcomeOf({ stdout, stderr, exitCode, signal }: Ended): Outcome {
  if (signal === 'SIGKILL') return { killed: true, ok: false, code: undefined };
  if (stdout === '') throw new Error(`the actor said nothing (exit status ${exitCode}): ${stderr}`);
  const said = JSON.parse(stdout) as { ok: boolean; code?: string };
  return { killed: false, ok: said.ok && exitCode === 0, code: said.code };
}

/** Runs the actor as it is. */
export async function act(args: string[]): Promise<Outcome> {
  return outcomeOf(await execa(process.execPath, [ACTOR, ...args], { reject: false }));
}

/** Runs the actor with something injected into a call of its main thread: `rename:signal=KILL:when=2`. */
export async function actWith(injection: string, args: string[]): Promise<Outcome> {
  const options = [...injecting(injection)];
  return outcomeOf(await execa('strace', [...options, process.execPath, ACTOR, ...args], { reject: false }));
}

/**
 * The calls named in `names` that the actor makes on `root` (or on a descriptor below it), in order. The code under test does its
 * file work in synchronous calls, so those of the main thread are all, and the same in every run.
 */
export async function callsOf(
  names: string[],
  root: string,
  args: string[],
): Promise<{ calls: Call[]; outcome: Outcome }> {
  const directory = mkdtempSync(join(tmpdir(), 'oxios-trace-'));
  const log = join(directory, 'log');
  try {
    const options = ['-qq', '-y', '-s', '4096', '-o', log, '-e', `trace=${names.join(',')}`, '-e', 'signal=none'];
    const ended = await execa('strace', [...options, process.execPath, ACTOR, ...args], { reject: false });
    const counts = new Map<string, number>();
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((text): Call[] => {
        const name = /^(\w+)\(/.exec(text)?.[1];
        if (name === undefined) return [];
        const n = (counts.get(name) ?? 0) + 1;
        counts.set(name, n);
        return text.includes(root) ? [{ name, n, text }] : [];
      });
    return { calls, outcome: outcomeOf(ended) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs `each` over `items`, a few at a time. */
export async function overAll<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await each(item);
  };
  await Promise.all([worker(), worker(), worker()]);
}
