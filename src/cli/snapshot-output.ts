import { BackupError } from '../errors.ts';
import type { CreateOutput } from '../index.ts';
import { refuseClosedOutput } from './closed-output.ts';
import type { Context } from './command.ts';
import { given, THREADS, wholeNumber } from './options.ts';

// What the commands that make a snapshot have in common: where it goes, and how it is packed.

export const OUTPUT = {
  output: {
    type: 'string',
    completes: 'files',
    describe: 'File to write, or s3://BUCKET/NAME.tar.gz; - for standard output [oxios-backup-DATETIME-XXXX.tar.gz]',
  },
} as const;

export const TO = {
  to: {
    type: 'string',
    requiresArg: true,
    value: 'DIR',
    completes: 'directories',
    conflicts: 'output',
    describe: 'Folder or s3://BUCKET/PREFIX to put it in, under a name by date and time (UTC) of its own',
  },
} as const;

export const FORCE = { force: { type: 'boolean', describe: 'Replace an existing file' } } as const;

export const ALLOW_EMPTY = {
  'allow-empty': { type: 'boolean', describe: 'Even if there is no file to capture' },
} as const;

export const PACKING = {
  exclude: {
    type: 'array',
    string: true,
    requiresArg: true,
    value: 'GLOB',
    describe: 'Exclude by the rules of gitignore; repeatable',
  },
  level: {
    type: 'number',
    requiresArg: true,
    value: 'N',
    describe: 'Compression, 1 (fast) to 9 (small) [5; large files 3]',
    coerce: wholeNumber('level', 1, 9),
  },
  ...THREADS,
  'scratch-dir': {
    type: 'string',
    requiresArg: true,
    value: 'DIR',
    completes: 'directories',
    describe: 'Folder for copies of databases in use, and the index [that of the output; with -, $TMPDIR]',
  },
} as const;

interface PackingArguments {
  force?: boolean | undefined;
  'allow-empty'?: boolean | undefined;
  exclude?: string[] | undefined;
  level?: number | undefined;
  threads?: number | undefined;
  'scratch-dir'?: string | undefined;
  host?: string | undefined;
}

/** These options as the library takes them. */
export function packingOf(args: PackingArguments) {
  return given({
    force: args.force,
    allowEmpty: args['allow-empty'],
    excludes: args.exclude,
    level: args.level,
    threads: args.threads,
    scratchDir: args['scratch-dir'],
    host: args.host,
  });
}

/** Where the snapshot goes. For standard output, results go to standard error; that it cannot take one is reported before anything is read. */
export function outputOf(
  { output, to }: { output?: string | undefined; to?: string | undefined },
  { terminal, reporter }: Context,
): CreateOutput {
  if (output !== '-') return output ?? { folder: to ?? '.' };
  reporter.moveResultsToStderr();
  if (terminal.stdout.isTTY === true) {
    throw new BackupError('USAGE', 'standard output is a terminal, and a snapshot is not text', {
      hint: 'Send it into a pipe or a file, or name the output.',
    });
  }
  refuseClosedOutput(terminal.stdout);
  return terminal.stdout;
}
