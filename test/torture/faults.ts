import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { injecting } from '../strace.ts';

const ACTOR = fileURLToPath(new URL('./actor.mjs', import.meta.url));

/** Whether faults can be injected here. */
export const hasStrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;

/** Calls that touch files; the others are Node's own business. */
const FILE_CALLS = [
  'openat',
  'read',
  'pread64',
  'write',
  'pwrite64',
  'close',
  'fstat',
  'statx',
  'lstat',
  'stat',
  'newfstatat',
  'getdents64',
  'mkdir',
  'rmdir',
  'unlink',
  'rename',
  'link',
  'symlink',
  'readlink',
  'fsync',
  'fdatasync',
  'syncfs',
  'ftruncate',
  'chmod',
  'fchmod',
  'utimensat',
  'statfs',
  'access',
  'copy_file_range',
];

export type Outcome =
  | { kind: 'killed' }
  | { kind: 'done'; complete: boolean; paths: string[] }
  | { kind: 'failed'; name: string; code: string; errorKind: string; message: string };

const environment = { OXIOS_VERSION: '0.3.0' };

function outcomeOf(stdout: string): Outcome {
  if (stdout === '') return { kind: 'killed' };
  const said = JSON.parse(stdout) as { ok: boolean };
  return (said.ok ? { kind: 'done', ...said } : { kind: 'failed', ...said }) as unknown as Outcome;
}

/** Runs the actor as it is, with `more` in its environment. */
export async function act(args: string[], more: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const env = { ...environment, ...more };
  const { stdout, stderr } = await execa(process.execPath, [ACTOR, ...args], { reject: false, env });
  if (stdout === '') throw new Error(stderr);
  return outcomeOf(stdout);
}

/** Runs the actor, in all of its threads, with something done to its calls: `rename:error=EIO:when=2`. */
export async function actWith(injection: string, args: string[]): Promise<Outcome> {
  const options = ['-f', ...injecting(injection)];
  const { stdout } = await execa('strace', [...options, process.execPath, ACTOR, ...args], {
    reject: false,
    env: environment,
  });
  return outcomeOf(stdout);
}

/** A call by its name and its number among those of its thread. */
export interface Call {
  name: string;
  n: number;
  /** As the trace has it; a line for each thread that makes such a call. */
  text: string;
}

/** The calls that the actor makes on `root` and what is below it, each once. */
export async function callsOf(root: string, args: string[]): Promise<Call[]> {
  const directory = mkdtempSync(join(tmpdir(), 'oxios-trace-'));
  const log = join(directory, 'log');
  try {
    const options = [
      '-f',
      '-qq',
      '-y',
      '-s',
      '4096',
      '-o',
      log,
      '-e',
      `trace=${FILE_CALLS.join(',')}`,
      '-e',
      'signal=none',
    ];
    await execa('strace', [...options, process.execPath, ACTOR, ...args], { env: environment });
    const counts = new Map<string, number>();
    const calls = new Map<string, Call>();
    for (const line of readFileSync(log, 'utf8').split('\n')) {
      const [, thread, name] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      if (name === undefined) continue;
      const n = (counts.get(`${thread} ${name}`) ?? 0) + 1;
      counts.set(`${thread} ${name}`, n);
      if (!line.includes(root)) continue;
      // What is injected at a number hits that call of every thread.
      const others = calls.get(`${name} ${n}`);
      calls.set(`${name} ${n}`, { name, n, text: others === undefined ? line : `${others.text}\n${line}` });
    }
    return [...calls.values()];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * What no system says of what is there: that it is not, when it is to be removed. And of a directory that was removed meanwhile, which
 * the C library takes for an empty one. And of what git keeps: what it has deleted or packed is no loss, so nothing would be named. And of
 * a write-ahead log: a database without one is whole in its file.
 */
function isUntrue({ name, text }: Call, error: string): boolean {
  if (error !== 'ENOENT') return false;
  return ['getdents64', 'unlink', 'rmdir'].includes(name) || text.includes('/.git/') || text.includes('-wal"');
}

/** Every call struck with every error that it may give, and the process killed at every call. */
export function faultsOf(calls: readonly Call[]): string[] {
  const errors = ['EIO', 'ENOSPC', 'EACCES', 'EMFILE', 'ENOENT', 'EINTR'];
  return calls.flatMap((call) => {
    const { name, n } = call;
    const said = errors.filter((error) => !isUntrue(call, error));
    return [...said.map((error) => `${name}:error=${error}:when=${n}`), `${name}:signal=KILL:when=${n}`];
  });
}
