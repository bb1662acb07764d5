import { statSync } from 'node:fs';
import type { DirectoryComparison, Problem, ShelfVerifyResult, VerifyResult } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, REPORTING, snapshotOf, THREADS } from '../options.ts';
import { changeFields, changeLine, differenceFields, statLines, unreadableLines } from '../results/difference-lines.ts';
import { count, formatBytes, formatDuration } from '../text/amounts.ts';
import { lossLines } from '../text/losses.ts';
import { problemLines } from '../text/problem-text.ts';
import { shelvedFields } from '../text/shelf-text.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    snapshot: {
      type: 'string',
      demandOption: true,
      describe: 'The snapshot, or a folder of them; - reads standard input',
    },
  },
  options: {
    against: {
      type: 'string',
      requiresArg: true,
      value: 'DIR',
      describe: 'Compare it with this directory too; exit status 1 if they differ',
    },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['verify oxios.tar.gz', 'exit status 0 valid, 4 not'],
    ['verify /backups', 'each one; it is remembered'],
    ['verify - < oxios.tar.gz', 'from a pipe'],
    ['verify oxios.tar.gz --against ~/.oxios/workspace', 'is it all in there?'],
  ],
  run: async (args, context) => {
    const { BackupError, compareWithDirectory, verifyShelf, verifySnapshot } = await import('../../index.ts');
    const { snapshot } = args;
    const options = { ...context.operation, ...given({ threads: args.threads }) };
    if (snapshot !== '-' && statSync(snapshot, { throwIfNoEntry: false })?.isDirectory() === true) {
      if (args.against !== undefined) {
        throw new BackupError('USAGE', 'a folder of snapshots cannot be compared with a directory', {
          path: snapshot,
          hint: 'Name one snapshot.',
        });
      }
      return reportShelf(await verifyShelf(snapshot, options), context);
    }
    const began = performance.now();
    if (args.against !== undefined) {
      const compared = await compareWithDirectory(snapshotOf(snapshot, context.terminal), args.against, options);
      return reportComparison(snapshot, args.against, compared, performance.now() - began, context);
    }
    const result = await verifySnapshot(snapshotOf(snapshot, context.terminal), options);
    return report(snapshot, result, performance.now() - began, context);
  },
});

function report(snapshot: string, result: VerifyResult, elapsedMs: number, { reporter }: Context): Promise<number> {
  const { valid, problems } = result;
  const name = snapshot === '-' ? 'the snapshot' : snapshot;
  return reporter.result({
    status: valid ? 0 : 4,
    fields: { snapshot, elapsed_ms: Math.round(elapsedMs), ...verifiedFields(result) },
    urgent: !valid,
    lines: valid ? validLines(name, result, elapsedMs) : invalidLines(name, problems),
  });
}

async function reportComparison(
  snapshot: string,
  directory: string,
  comparison: DirectoryComparison,
  elapsedMs: number,
  context: Context,
): Promise<number> {
  const { verify, compared, same, changes } = comparison;
  if (!compared) return report(snapshot, verify, elapsedMs, context);
  const { reporter } = context;
  for (const change of changes) await reporter.row('change', changeFields(change));
  return reporter.result({
    status: same ? 0 : 1,
    fields: {
      snapshot,
      elapsed_ms: Math.round(elapsedMs),
      ...verifiedFields(verify),
      against: { directory, ...differenceFields(comparison) },
    },
    urgent: !same,
    lines: [
      ...validLines(snapshot, verify, elapsedMs),
      same ? `${directory}: the same` : `${directory}: DIFFERS (+ has besides, - lacks, ~ differs)`,
      ...changes.map((change) => `  ${changeLine(change)}`),
      ...statLines(comparison),
    ],
    losses: unreadableLines(comparison),
  });
}

function verifiedFields(result: VerifyResult): Record<string, unknown> {
  const { valid, sealed, problems, manifest, totals, verdicts, externalLinks } = result;
  return { valid, sealed, problems, manifest, totals, verdicts, external_links: externalLinks };
}

function invalidLines(name: string, problems: readonly Problem[]): string[] {
  return [`${name}: NOT VALID, ${count(problems.length, 'problem')}`, ...problems.flatMap(problemLines)];
}

function validLines(
  name: string,
  { sealed, totals, verdicts, externalLinks }: VerifyResult,
  elapsedMs: number,
): string[] {
  const lines = [
    sealed ? `${name}: valid` : `${name}: valid as far as can be told: it is unsealed, and carries no digests`,
  ];
  if (totals !== null) {
    const { entries, files, bytes } = totals;
    const proven = sealed ? ', every byte proven' : '';
    lines.push(
      `  ${count(entries, 'entry')} (${count(files, 'file')}), ${formatBytes(bytes)}${proven}, in ${formatDuration(elapsedMs)}`,
    );
  }
  if (externalLinks.length > 0) {
    lines.push('  links that lead out of the state directory; a restore wants --external-links keep or skip:');
    lines.push(...externalLinks.map((path) => `    ${path}`));
  }
  const losses = lossLines('when it was made, these were not to be had, or not as they should be:', verdicts);
  return [...lines, ...losses.map((line) => `  ${line}`)];
}

function reportShelf({ directory, valid, snapshots }: ShelfVerifyResult, { reporter }: Context): Promise<number> {
  return reporter.result({
    status: valid ? 0 : 4,
    fields: {
      directory,
      valid,
      snapshots: snapshots.map(({ snapshot, valid, problems }) => ({ ...shelvedFields(snapshot), valid, problems })),
    },
    urgent: !valid,
    lines: [
      ...snapshots.flatMap(({ snapshot, valid, problems }) => {
        if (!valid) return invalidLines(snapshot.name, problems);
        return [
          `${snapshot.name}: valid${snapshot.state === 'sealed' ? '' : ' as far as can be told: it is unsealed'}`,
        ];
      }),
      `${count(snapshots.length, 'snapshot')}, ${count(snapshots.filter(({ valid }) => !valid).length, 'of them not valid', 'of them not valid')}`,
    ],
  });
}
