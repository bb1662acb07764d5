import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process that runs Python with `sqlite3` imported, and stays as it is once it has said `ready`. */
export class PythonScript {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * @param script Python; `path` is the first argument, `connect()` opens it with transactions of its own
   * @returns once `ready()` was called in it
   */
  static async start(script: string, ...args: string[]): Promise<PythonScript> {
    const whole = `
import os, sqlite3, sys, time
path = sys.argv[1]
def connect(name=path): return sqlite3.connect(name, isolation_level=None, timeout=0)
def ready():
    print('ready', flush=True)
    sys.stdin.readline()
${script}
`;
    const child = spawn('python3', ['-c', whole, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const started = new PythonScript(child);
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => {
        throw new Error('the script ended before it was ready');
      }),
    ]);
    return started;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
