import path from 'node:path';
import type { CreateOptions, CreateResult, LeftOut } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, REPORTING, STATE_DIR, stateDirOf, THREADS, wholeNumber } from '../options.ts';
import { count, formatBytes, formatDuration } from '../text/amounts.ts';
import { lossLines, mildVerdicts } from '../text/losses.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: {
    output: { type: 'string', describe: 'File to write; - for standard output [oxios-backup-DATE_TIME.tar.gz]' },
  },
  options: {
    ...STATE_DIR,
    to: {
      type: 'string',
      requiresArg: true,
      value: 'DIR',
      conflicts: 'output',
      describe: 'Folder to put it in, named by date and time',
    },
    force: { type: 'boolean', describe: 'Replace an existing file' },
    exclude: {
      type: 'array',
      string: true,
      requiresArg: true,
      value: 'GLOB',
      describe: "What else stays out, by gitignore's rules; repeatable",
    },
    level: {
      type: 'number',
      requiresArg: true,
      value: 'N',
      describe: 'Compression, 1 (fast) to 9 (small) [5]',
      coerce: wholeNumber('level', 1, 9),
    },
    ...THREADS,
    'oxios-version': {
      type: 'string',
      requiresArg: true,
      value: 'VERSION',
      describe: 'For the manifest [OXIOS_VERSION, else oxios --version]',
    },
    ...REPORTING,
  },
  examples: [
    ['create', 'into the current folder'],
    ['create --to /backups --quiet', 'from cron'],
    ["create --exclude '*.log'", 'without the logs'],
    ['create - | ssh host "cat > oxios.tar.gz"', 'to another machine'],
  ],
  note: 'With "-" the result (also as --json) goes to standard error.',
  run: async (args, context) => {
    const { terminal, reporter, operation } = context;
    const toStream = args.output === '-';
    if (toStream) reporter.moveResultsToStderr();
    const { BackupError, createBackup, defaultSnapshotName, StateStore } = await import('../../index.ts');
    if (toStream && terminal.stdout.isTTY === true) {
      throw new BackupError('USAGE', 'standard output is a terminal, and a snapshot is not text', {
        hint: 'Send it into a pipe or a file, or name the output.',
      });
    }
    const store = new StateStore(stateDirOf(args, terminal));
    const options: CreateOptions = {
      ...operation,
      ...given({
        force: args.force,
        excludes: args.exclude,
        level: args.level,
        threads: args.threads,
        oxiosVersion: args['oxios-version'],
      }),
    };
    const output = args.output ?? path.join(args.to ?? '.', defaultSnapshotName(new Date()));
    const began = performance.now();
    const result = await createBackup(store, toStream ? terminal.stdout : output, options);
    return report(result, performance.now() - began, context);
  },
});

function report(result: CreateResult, elapsedMs: number, { reporter }: Context): Promise<number> {
  const { output, length, manifest, totals, complete, verdicts, leftOut } = result;
  const mild = mildVerdicts(verdicts);
  const lines = [
    output ?? 'snapshot written to standard output',
    `  ${count(totals.entries, 'entry')} (${count(totals.files, 'file')}), ${formatBytes(totals.bytes)} as ${formatBytes(length)}, in ${formatDuration(elapsedMs)}`,
  ];
  if (leftOut.length > 0) lines.push(`  left out: ${summarizeLeftOut(leftOut)}`);
  if (mild !== null) lines.push(`  changed while they were read, and captured whole: ${mild}`);
  return reporter.result({
    status: complete ? 0 : 3,
    fields: {
      output,
      length,
      elapsed_ms: Math.round(elapsedMs),
      complete,
      manifest,
      totals,
      verdicts,
      left_out: leftOut,
    },
    lines,
    losses: lossLines('the snapshot is NOT COMPLETE; it does not hold, or not as they should be:', verdicts),
  });
}

const NAMED = 3;

/** A few names, or what is common to many: reason by reason. */
function summarizeLeftOut(leftOut: readonly LeftOut[]): string {
  if (leftOut.length <= NAMED) return leftOut.map(({ path, reason }) => `${path} (${reason})`).join(', ');
  const byReason = new Map<string, number>();
  for (const { reason } of leftOut) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  const parts = [...byReason].map(([reason, number]) => `${number} × ${reason}`);
  return `${parts.join(', ')} (--dry-run names them)`;
}
