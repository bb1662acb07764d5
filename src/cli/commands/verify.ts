import { statSync } from 'node:fs';
import { BackupError } from '../../errors.ts';
import type { VerifyOptions } from '../../index.ts';
import { isRemote, isRemoteSnapshot } from '../../location.ts';
import { fromSystemError, isSystemError } from '../../system-errors.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, REPORTING, snapshotOf, THREADS } from '../options.ts';
import type { Result } from '../report/reporter.ts';
import { changeFields } from '../results/difference-lines.ts';
import {
  comparisonResult,
  severalResult,
  unreadResult,
  verifyFolderResult,
  verifyResult,
} from '../results/verify-result.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    snapshots: {
      type: 'string',
      array: true,
      demandOption: true,
      completes: 'snapshots',
      describe: 'Snapshots, or folders of them, also s3://…; - reads standard input',
    },
  },
  options: {
    against: {
      type: 'string',
      requiresArg: true,
      value: 'DIR',
      completes: 'directories',
      describe: 'Compare it with this directory too; exit status 6 if they differ',
    },
    quick: {
      type: 'boolean',
      conflicts: 'against',
      describe: 'Stored bytes against their digests; what they inflate to was verified before',
    },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['verify oxios.tar.gz', 'exit status 0 valid, 4 not'],
    ['verify /backups', 'each one; it is remembered, and the next time quick'],
    ['verify --quick oxios.tar.gz', 'has a byte of it changed?'],
    ['verify monday.tar.gz tuesday.tar.gz', 'the exit status is the worst'],
    ['verify - < oxios.tar.gz', 'from a pipe'],
    ['verify oxios.tar.gz --against ~/.oxios/workspace', 'is it all in there?'],
  ],
  note: 'One that cannot be read at all is exit status 1, not 4: whether it is valid is unknown.',
  run: async (args, context) => {
    const { snapshots, against } = args;
    const options = { ...context.operation, ...given({ threads: args.threads, quick: args.quick }) };
    const [only = ''] = snapshots;
    if (against !== undefined) return verifyAgainst(snapshots, against, options, context);
    if (snapshots.length === 1) return context.reporter.result(await verifyOne(only, options, context));
    if (snapshots.indexOf('-') !== snapshots.lastIndexOf('-'))
      throw new BackupError('USAGE', 'standard input can be read only once', { hint: 'Name - once.' });
    const results: Result[] = [];
    for (const [at, snapshot] of snapshots.entries()) {
      options.onEvent({ type: 'snapshot', path: snapshot, number: at + 1, total: snapshots.length });
      results.push(await verifyOrTell(snapshot, options, context));
    }
    return context.reporter.result(severalResult(results));
  },
});

async function verifyOne(snapshot: string, options: VerifyOptions, { terminal }: Context): Promise<Result> {
  if (isFolder(snapshot)) {
    const { verifyFolder } = await import('../../catalog/verify-folder.ts');
    return verifyFolderResult(await verifyFolder({ folder: snapshot, ...options }));
  }
  const began = performance.now();
  const { verifySnapshot } = await import('../../verify/verify-snapshot.ts');
  const result = await verifySnapshot({ snapshot: snapshotOf(snapshot, terminal), ...options });
  return verifyResult(snapshot, result, performance.now() - began);
}

/** The same as one of several: what keeps it from being read does not keep the others from being verified. */
async function verifyOrTell(snapshot: string, options: VerifyOptions, context: Context): Promise<Result> {
  try {
    return await verifyOne(snapshot, options, context);
  } catch (error) {
    if (!(error instanceof BackupError) && !isSystemError(error)) throw error;
    const known = fromSystemError(error, 'read the snapshot', snapshot);
    if (known.code === 'ABORTED') throw known;
    return unreadResult(snapshot, known);
  }
}

async function verifyAgainst(
  [snapshot = '', ...more]: readonly string[],
  against: string,
  options: VerifyOptions,
  { terminal, reporter }: Context,
): Promise<number> {
  if (more.length > 0 || isFolder(snapshot)) {
    throw new BackupError('USAGE', 'only one snapshot can be compared with a directory', {
      path: snapshot,
      hint: 'Name one snapshot, not a folder of them.',
    });
  }
  const began = performance.now();
  const { compareWithDirectory } = await import('../../compare/compare-with-directory.ts');
  const comparison = await compareWithDirectory({
    snapshot: snapshotOf(snapshot, terminal),
    directory: against,
    ...options,
  });
  for (const change of comparison.changes) await reporter.row('change', changeFields(change));
  return reporter.result(comparisonResult(snapshot, against, comparison, performance.now() - began));
}

function isFolder(snapshot: string): boolean {
  if (isRemote(snapshot)) return !isRemoteSnapshot(snapshot);
  return snapshot !== '-' && statSync(snapshot, { throwIfNoEntry: false })?.isDirectory() === true;
}
