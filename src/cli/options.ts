import os from 'node:os';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** Options that several commands share, word for word. */
export const STATE_DIR = {
  'state-dir': {
    type: 'string',
    requiresArg: true,
    value: 'DIR',
    completes: 'directories',
    describe: 'State directory [$OXIOS_STATE_DIR or ~/.oxios/workspace]',
  },
} as const;

export const JSON_RESULT = {
  json: { type: 'boolean', describe: 'The result as one line of JSON, the last' },
} as const;

export const REPORTING = {
  ...JSON_RESULT,
  progress: { type: 'boolean', implies: 'json', describe: 'With --json: events before it, one a line' },
  quiet: { type: 'boolean', describe: 'Only errors, and missing or inconsistent files' },
} as const;

export const THREADS = {
  threads: {
    type: 'number',
    requiresArg: true,
    value: 'N',
    describe: 'Worker threads [one for each core]',
    coerce: wholeNumber('threads', 1, 1024),
  },
} as const;

export const FORCE_RUNNING = {
  'force-running': { type: 'boolean', describe: 'Although a process uses the state directory' },
} as const;

export const LOCK_WAIT = {
  'lock-wait': {
    type: 'string',
    requiresArg: true,
    value: 'TIME',
    describe: 'Wait so long for another run: 30s, 5m, 1h [0]',
    coerce: span,
  },
} as const;

export const SECTION = {
  section: {
    type: 'array',
    string: true,
    requiresArg: true,
    value: 'NAME',
    completes: 'sections',
    describe: 'Only this section or folder; repeatable',
  },
} as const;

export const PATH = {
  path: {
    type: 'array',
    string: true,
    requiresArg: true,
    value: 'GLOB',
    completes: 'patterns',
    describe: 'Only this path or these (globs); repeatable',
  },
} as const;

export const SNAPSHOT = {
  snapshot: {
    type: 'string',
    demandOption: true,
    completes: 'snapshots',
    describe: 'File or s3://BUCKET/NAME.tar.gz; - for a pipe',
  },
} as const;

/** Makes a checker of the value of a number option. */
export function wholeNumber(name: string, from: number, to: number): (value: number) => number {
  return (value) => {
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new Error(`--${name} takes a whole number from ${from} to ${to}`);
  };
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 };

/** A length of time in milliseconds: a number of seconds, or with a unit. */
function span(value: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(value) ?? [];
  const ms = Number(number) * UNIT_MS[(unit || 's') as keyof typeof UNIT_MS];
  if (number !== undefined && ms < 2 ** 31) return ms;
  throw new Error(`--lock-wait takes a time such as 30s, 5m or 1h, up to 596h, not "${value}"`);
}

/**
 * The state directory that is meant: the option, else the environment, else where Oxios has it.
 *
 * @throws BackupError `USAGE` when the environment names none by an empty word: that is a mistake in a script, and must not mean another directory
 */
export function stateDirOf(args: { 'state-dir': string | undefined }, { env }: Pick<Terminal, 'env'>): string {
  const named = args['state-dir'] ?? env.OXIOS_STATE_DIR;
  if (named === '') {
    throw new BackupError('USAGE', 'OXIOS_STATE_DIR is set, and empty', {
      hint: 'Unset it to mean ~/.oxios/workspace, or name the state directory with --state-dir.',
    });
  }
  return named === undefined ? path.join(homeOf(env), '.oxios', 'workspace') : path.resolve(named);
}

/** An empty HOME would be the current directory; then the user database says it. */
function homeOf(env: Terminal['env']): string {
  return env.HOME || os.homedir() || os.userInfo().homedir;
}

/** A path inside a snapshot, which may be given as `./x` or as it is called below the state directory. */
export function entryPathOf(word: string, stateDir: string): string {
  if (word.startsWith(`${stateDir}/`)) return word.slice(stateDir.length + 1);
  return word.startsWith('./') ? word.slice(2) : word;
}

/** The same for a pattern. Such a word names one place, so it is anchored there. */
export function patternOf(word: string, stateDir: string): string {
  const entry = entryPathOf(word, stateDir);
  return entry === word ? word : `/${entry}`;
}

/** A snapshot as the library takes it. */
export function snapshotOf(snapshot: string, { stdin }: Terminal): string | Terminal['stdin'] {
  return snapshot === '-' ? stdin : snapshot;
}

/** Without the options that were not given: the library has its own defaults. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
