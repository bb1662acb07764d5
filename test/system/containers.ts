import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Why no process can be run as process 1 of a namespace of its own here; null if one can. */
export const noContainers =
  spawnSync('unshare', ['--pid', '--uts', '--fork', '--mount-proc', 'true']).status === 0 ? null : 'no namespaces here';

/** Why /proc cannot be emptied for a process here; null if it can. */
export const noEmptyProc =
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /proc']).status === 0 ? null : 'no namespaces here';

/** A command line that runs `argv` as process 1 of a container, host name `oxios`: as every run of `docker run --hostname oxios`. */
export function inContainer(argv: readonly string[]): [string, ...string[]] {
  const script = 'hostname oxios; exec "$@"';
  return ['unshare', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh', ...argv];
}

/** A command line that runs `argv` where /proc is empty, as on systems that have none. It stays the same process. */
export function withoutProc(argv: readonly string[]): [string, ...string[]] {
  return ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh', ...argv];
}

/** Starts a command line; resolves when it says its first word. */
export async function start([file, ...args]: [string, ...string[]]): Promise<ChildProcess> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', (status) => reject(new Error(`${file} ended with ${status} and said nothing`)));
  });
  return child;
}

/** Kills a command that was started and, where it is a container, process 1 in it with it. */
export async function kill(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
