import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

const SCRIPTS = join(import.meta.dirname, 'writers');

/** A process that writes to a state directory for ever and says each step that it did. */
export class Writer {
  readonly name: string;
  readonly #child: ChildProcess & { stdout: Readable };
  /** Times of the steps that were heard of since the last call of `forget`, in milliseconds since 1970. */
  #steps: number[] = [];

  private constructor(name: string, child: ChildProcess & { stdout: Readable }) {
    this.name = name;
    this.#child = child;
  }

  /** Starts one of the scripts, and waits for its first step. */
  static async start(
    name: string,
    args: readonly string[],
    onStep: (text: string) => void = () => {},
  ): Promise<Writer> {
    const child = spawn('python3', [join(SCRIPTS, `${name}.py`), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const writer = new Writer(name, child);
    createInterface(child.stdout).on('line', (line) => {
      const space = line.indexOf(' ');
      onStep(line.slice(space + 1));
      writer.#steps.push(Number(line.slice(0, space)) / 1e6);
    });
    await writer.#until(() => writer.#steps.length > 0);
    return writer;
  }

  /** Whether it ended by itself, which none of them does unless something went wrong. */
  get isDead(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  forget(): void {
    this.#steps = [];
  }

  /** Waits until everything was heard of that was said before `time`, hence also until it has done a step since. */
  async heardUpTo(time: number): Promise<void> {
    await this.#until(() => (this.#steps.at(-1) ?? 0) > time);
  }

  /** Steps done in a span of time. */
  stepsWithin(from: number, to: number): number {
    return this.#steps.filter((time) => time > from && time < to).length;
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it in the middle of whatever it does, as a crash would. */
  async kill(): Promise<void> {
    if (this.isDead) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Ends it at its next step. */
  async stop(): Promise<void> {
    if (this.isDead) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdout.destroy();
    this.resume();
    await ended;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.isDead) throw new Error(`the writer ${this.name} ended`);
      await setTimeout(2);
    }
  }
}
