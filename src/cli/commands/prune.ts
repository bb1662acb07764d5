import type { PruneResult, RetentionPolicy } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, REPORTING, THREADS, wholeNumber } from '../options.ts';
import { count, formatBytes } from '../text/amounts.ts';
import { snapshotInfoFields } from '../text/snapshot-state-text.ts';
import type { Line } from '../text/table.ts';
import { FOLDER } from './snapshots.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: { ...FOLDER },
  options: {
    'keep-last': keep('last', 'This many of the newest'),
    'keep-daily': keep('daily', 'The newest of each of the last N days that have one'),
    'keep-weekly': keep('weekly', 'The same for weeks'),
    'keep-monthly': keep('monthly', 'The same for months'),
    'keep-yearly': keep('yearly', 'The same for years'),
    'dry-run': { type: 'boolean', describe: 'Only say what would be removed, and why the rest stays' },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['prune /backups --keep-daily 7 --keep-weekly 4 --dry-run', 'look first'],
    ['prune /backups --keep-daily 7 --keep-weekly 4 --quiet', 'from cron'],
  ],
  note: 'A snapshot is kept if any rule keeps it. The rules apply to each state directory on its own. Its newest valid snapshot is verified first, and never removed. One from before a drop to less than half is kept, too. Damaged, foreign, empty and future-dated snapshots are kept, and count for no rule. Exit status 4: something is damaged; 7: something could not be read or removed, and the rest is done.',
  run: async (args, context) => {
    const { pruneSnapshots } = await import('../../catalog/prune-snapshots.ts');
    const policy: RetentionPolicy = given({
      keepLast: args['keep-last'],
      keepDaily: args['keep-daily'],
      keepWeekly: args['keep-weekly'],
      keepMonthly: args['keep-monthly'],
      keepYearly: args['keep-yearly'],
    });
    const options = { ...context.operation, ...given({ dryRun: args['dry-run'], threads: args.threads }) };
    return report(await pruneSnapshots({ folder: args.folder, ...policy, ...options }), context);
  },
});

function keep<const N extends string>(name: N, describe: string) {
  return {
    type: 'number',
    requiresArg: true,
    value: 'N',
    describe,
    coerce: wholeNumber(`keep-${name}`, 0, 1_000_000),
  } as const;
}

function report(result: PruneResult, { reporter }: Context): Promise<number> {
  const { directory, dryRun, groups, untouched, removed, failed, freedBytes } = result;
  const number = dryRun ? groups.reduce((sum, { remove }) => sum + remove.length, 0) : removed.length;
  const done = dryRun ? 'to be removed' : 'removed';
  return reporter.result({
    status: statusOf(result),
    fields: {
      directory,
      dry_run: dryRun,
      groups: groups.map(({ source, keep, remove }) => ({
        source: source === null ? null : { hostname: source.hostname, state_dir: source.stateDir },
        keep: keep.map(({ snapshot, reasons }) => ({ name: snapshot.name, reasons })),
        remove: remove.map(({ name }) => name),
      })),
      untouched: untouched.map(({ snapshot, reason }) => ({ ...snapshotInfoFields(snapshot), reason })),
      removed: removed.map(({ name }) => name),
      failed: failed.map(({ snapshot, problem }) => ({ name: snapshot.name, problem })),
      freed_bytes: freedBytes,
    },
    lines: [
      ...groups.flatMap((group) => groupLines(group, dryRun)),
      ...untouched.map(({ snapshot, reason }) => `untouched  ${snapshot.name}  ${reason}`),
      `${count(number, 'snapshot')} ${done}, ${formatBytes(freedBytes)}`,
    ],
    incomplete: [
      ...untouched.flatMap(({ snapshot: { name, problem }, reason }) =>
        problem === null ? [] : [`${name} is ${reason}, and counted for nothing: ${problem.message}`],
      ),
      ...failed.map(({ problem }) => problem.message),
    ],
  });
}

/** What could be done is done. The status says that the rest was not. */
function statusOf({ untouched, failed }: PruneResult): number {
  const reasons = new Set(untouched.map(({ reason }) => reason));
  if (reasons.has('damaged')) return 4;
  return failed.length > 0 || reasons.has('unreadable') ? 7 : 0;
}

function groupLines({ source, keep, remove }: PruneResult['groups'][number], dryRun: boolean): Line[] {
  const heading = source === null ? 'of an unknown source' : `of ${source.hostname}:${source.stateDir}`;
  const rows = [
    ...keep.map(({ snapshot, reasons }) => ['keep', snapshot.name, reasons.join(', ')]),
    ...remove.map(({ name }) => [dryRun ? 'would go' : 'remove', name, '']),
  ];
  return [heading, { columns: [{}, { gives: 1, least: 12 }, { wraps: true }], rows, indent: 2 }];
}
