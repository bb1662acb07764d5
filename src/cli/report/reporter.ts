import type { BackupEvent } from '../../events.ts';
import { printable } from '../../format/printable.ts';
import { type Terminal, windowWidth } from '../terminal.ts';
import { commandHint } from '../text/command-hint.ts';
import { noticeLine } from '../text/notice-text.ts';
import { type Line, renderLines } from '../text/table.ts';
import { Output } from './output.ts';
import { ProgressLine } from './progress-line.ts';

/** Version of everything that `--json` prints; see OUTPUT.md. */
const OUTPUT_VERSION = 1;

export interface ReportOptions {
  json?: boolean | undefined;
  /** Events as JSON too. */
  progress?: boolean | undefined;
  quiet?: boolean | undefined;
}

/** The end of a command, for people and for programs. */
export interface Result {
  status: number;
  /** For `--json`. */
  fields: Record<string, unknown>;
  /** For people; not with `--quiet`. */
  lines: readonly Line[];
  /** Those of `lines` that report something wrong: with `--quiet` they are printed alone. */
  urgent?: readonly Line[];
  /** What is missing or inconsistent, for people: `--quiet` does not silence it. */
  incomplete?: readonly string[];
}

/** Says what happens while a command runs and what came of it: to people or, with `--json`, to programs. */
export class Reporter {
  readonly #command: string;
  readonly #options: ReportOptions;
  readonly #terminal: Terminal;
  readonly #line: ProgressLine | null;
  #results: Output;
  #resultsOnStderr = false;
  #status: number | null = null;

  constructor(command: string, terminal: Terminal, output: Output, options: ReportOptions) {
    this.#command = command;
    this.#terminal = terminal;
    this.#options = options;
    this.#results = output;
    const { json = false, quiet = false } = options;
    const capable = terminal.stderr.isTTY === true && terminal.env.TERM !== 'dumb';
    this.#line = capable && !json && !quiet ? new ProgressLine(terminal.stderr) : null;
  }

  /** Whether anybody sees the progress: on a terminal, or as JSON. */
  get showsProgress(): boolean {
    return this.#line !== null || (this.#options.json === true && this.#options.progress === true);
  }

  /** The exit status of the result, once there is one: also when it could not be printed any more. */
  get status(): number | null {
    return this.#status;
  }

  /** For a command whose standard output is a snapshot: results go to standard error. */
  moveResultsToStderr(): void {
    this.#results = new Output(this.#terminal.stderr);
    this.#resultsOnStderr = true;
  }

  readonly onEvent = (event: BackupEvent): void => {
    if (this.#options.json === true) {
      if (this.#options.progress !== true) return;
      // Unawaited: events are small, and the end of the command flushes. An output that fails is reported there.
      const written =
        event.type === 'phase' ? this.#event({ ...event, type: 'progress' }) : this.#event(eventFields(event));
      written?.catch(() => {});
    } else if (event.type === 'phase' || event.type === 'progress' || event.type === 'snapshot') {
      this.#line?.show(event);
    } else if (event.type === 'notice' && this.#options.quiet !== true) {
      this.say(noticeLine(event));
    }
  };

  /** Says lines to people, on standard error. */
  say(...lines: Line[]): void {
    this.#line?.clear();
    const { stderr } = this.#terminal;
    for (const line of renderLines(lines, windowWidth(stderr))) stderr.write(`${line}\n`);
  }

  /** A line of JSON before the result, such as one of many rows. */
  row(type: string, fields: Record<string, unknown>): Promise<void> | undefined {
    if (this.#options.json !== true) return undefined;
    return this.#write(JSON.stringify({ v: OUTPUT_VERSION, type, ...fields }));
  }

  /** Says what came of it. @returns the exit status */
  async result({ status, fields, lines, urgent = [], incomplete = [] }: Result): Promise<number> {
    this.end();
    this.#status = status;
    if (this.#options.json === true) {
      await this.#event({ type: 'summary', command: this.#command, status, ...fields });
    } else {
      if (this.#options.quiet === true) this.say(...urgent);
      else for (const line of renderLines(lines, this.#results.columns)) await this.#results.line(line);
      await this.#results.flush();
      this.say(...incomplete);
    }
    await this.#results.flush();
    return status;
  }

  /** Says why it failed: what, and what to do. With `--json` as the last line of the results too. */
  async failure(
    status: number,
    error: { code: string; message: string; path?: string | undefined; hint?: string | undefined },
  ): Promise<void> {
    this.end();
    const { code, message, path, hint } = error;
    // Results on standard error are JSON and nothing else then.
    if (this.#options.json !== true || !this.#resultsOnStderr) sayError(this.#terminal, error);
    if (this.#options.json !== true) return;
    const fields = { type: 'error', command: this.#command, status, code, message, path, hint };
    await this.#event(fields);
    await this.#results.flush();
  }

  /** Takes the progress line away. */
  end(): void {
    this.#line?.end();
  }

  #event(fields: Record<string, unknown>): Promise<void> | undefined {
    return this.#write(JSON.stringify({ v: OUTPUT_VERSION, ...fields }, inCommandWords));
  }

  #write(json: string): Promise<void> | undefined {
    const line = this.#results.line(json);
    // A program that watches the progress must not wait for a buffer to fill.
    return this.#options.progress === true ? this.#results.flush() : line;
  }
}

/** One line that says what, one that says what to do. */
export function sayError(
  { stderr }: Terminal,
  { message, path, hint }: { message: string; path?: string | undefined; hint?: string | undefined },
): void {
  const where = path === undefined || message.includes(path) ? '' : `: ${path}`;
  stderr.write(`oxios-backup: ${printable(message + where)}\n`);
  if (hint !== undefined) stderr.write(`  ${printable(commandHint(hint))}\n`);
}

/** Hints, wherever they are in the output. */
function inCommandWords(key: string, value: unknown): unknown {
  return key === 'hint' && typeof value === 'string' ? commandHint(value) : value;
}

/** Events as OUTPUT.md has them. */
function eventFields(event: Exclude<BackupEvent, { type: 'phase' }>): Record<string, unknown> {
  if (event.type !== 'progress') return event;
  const { type, phase, entries, bytes, totalEntries, totalBytes, estimated } = event;
  return { type, phase, entries, bytes, total_entries: totalEntries, total_bytes: totalBytes, estimated };
}
