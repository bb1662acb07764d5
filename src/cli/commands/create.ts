import path from 'node:path';
import { BackupError } from '../../errors.ts';
import type { BackupEvent } from '../../events.ts';
import type { CreateOptions, HeldAmount, NewestSnapshots } from '../../index.ts';
import { isRemote, remoteFolderOf } from '../../location.ts';
import { defineCommand } from '../command.ts';
import { given, LOCK_WAIT, REPORTING, STATE_DIR, stateDirOf } from '../options.ts';
import { createResult } from '../results/create-result.ts';
import { withShrinkage } from '../results/shrinkage-result.ts';
import { snapshotPlanResult } from '../results/snapshot-plan-result.ts';
import { ALLOW_EMPTY, FORCE, OUTPUT, outputOf, PACKING, packingOf, TO } from '../snapshot-output.ts';
import { neighbourNotice } from '../text/neighbour-text.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: { ...OUTPUT },
  options: {
    ...STATE_DIR,
    ...TO,
    parent: {
      type: 'string',
      requiresArg: true,
      value: 'SNAPSHOT',
      completes: 'snapshots',
      conflicts: 'no-parent',
      describe: 'Copy what did not change [newest in DIR]',
    },
    'no-parent': { type: 'boolean', describe: 'Copy from none' },
    rescan: { type: 'boolean', describe: 'Read every file, changed or not [every seventh run]' },
    ...FORCE,
    ...ALLOW_EMPTY,
    'max-shrink': {
      type: 'string',
      requiresArg: true,
      value: 'P%',
      describe: 'Exit status 3 if it lost more since the last one in the folder [a note from 50%]',
      coerce: percentage,
    },
    ...PACKING,
    'oxios-version': {
      type: 'string',
      requiresArg: true,
      value: 'VERSION',
      describe: 'For the manifest [OXIOS_VERSION or oxios --version]',
    },
    host: {
      type: 'string',
      requiresArg: true,
      value: 'NAME',
      describe: 'Machine, for the manifest [host name]; one for all runs in containers',
    },
    'dry-run': { type: 'boolean', describe: 'Show what would go into it; write nothing' },
    ...LOCK_WAIT,
    ...REPORTING,
  },
  examples: [
    ['create', 'into the current folder'],
    ['create --to /backups --quiet', 'from cron'],
    ['create --to s3://bucket/oxios', 'to object storage'],
    ["create --exclude '*.log'", 'without the logs'],
    ['create - | ssh host "cat > oxios.tar.gz"', 'to another machine'],
  ],
  note: 'With "-" the result (also as --json) goes to standard error.',
  run: async (args, context) => {
    const { terminal, reporter, operation } = context;
    const toStream = args.output === '-';
    const dryRun = args['dry-run'] === true;
    const output = dryRun ? null : outputOf(args, context);
    if (toStream && args['max-shrink'] !== undefined) {
      throw new BackupError('USAGE', 'what goes to standard output has no snapshots beside it to compare with', {
        hint: 'Leave --max-shrink out, or name a file or folder.',
      });
    }
    if (args.output !== undefined) noteOtherFormat(args.output, operation.onEvent);
    const stateDir = stateDirOf(args, terminal);
    const options: CreateOptions = {
      ...operation,
      countAhead: reporter.showsProgress,
      ...packingOf(args),
      ...given({
        oxiosVersion: args['oxios-version'],
        lockWait: args['lock-wait'],
        parent: args['no-parent'] ? null : args.parent,
        rescan: args.rescan,
      }),
    };
    const folder = args.to ?? (args.output === undefined || toStream ? '.' : folderOf(args.output));
    const maxShrink = args['max-shrink'] ?? null;
    // Before anything is made: that may replace the one to compare with.
    const { newestSnapshots, shrinkageOf } = await import('../../catalog/shrinkage.ts');
    const isFile = !toStream && !isRemote(folder);
    // In object storage each look is a request, and creating must not need the right to read.
    const isCompared = isFile || (!toStream && maxShrink !== null);
    const newest: NewestSnapshots = isCompared ? await newestSnapshots({ folder, ...operation }) : new Map();
    const shrinkage = (hostname: string, stateDir: string, held: HeldAmount) =>
      shrinkageOf(newest, { hostname, stateDir }, held, maxShrink ?? HALF);
    if (output === null) {
      const { planSnapshot } = await import('../../create/plan-snapshot.ts');
      const plan = await planSnapshot({
        stateDir,
        ...options,
        ...(!toStream && { output: args.output ?? { folder } }),
      });
      const shrunk = shrinkage(plan.hostname, plan.stateDir, plan.totals);
      return reporter.result(withShrinkage(snapshotPlanResult(plan), shrunk, maxShrink));
    }
    const began = performance.now();
    const { createSnapshot } = await import('../../create/create-snapshot.ts');
    const result = await createSnapshot({ ...options, stateDir, output });
    const { source } = result.manifest;
    for (const neighbour of result.neighbours) operation.onEvent({ type: 'notice', ...neighbourNotice(neighbour) });
    const shrunk = source === undefined ? null : shrinkage(source.hostname, source.state_dir, result.totals);
    return reporter.result(withShrinkage(createResult(result, performance.now() - began), shrunk, maxShrink));
  },
});

/** From here on a drop is noted, also without --max-shrink. */
const HALF = 0.5;

function folderOf(output: string): string {
  return isRemote(output) ? remoteFolderOf(output) : path.dirname(output);
}

/** Names that promise another format than a snapshot has. */
const OTHER_FORMAT = /\.(?:zip|7z|rar|tar|tbz2?|bz2|txz|xz|tzst|zst|lz4|cpio|iso)$/i;

function noteOtherFormat(output: string, onEvent: (event: BackupEvent) => void): void {
  if (!OTHER_FORMAT.test(output)) return;
  const message = 'will be a .tar.gz by another name; commands that look through a folder take *.tar.gz and *.tgz only';
  onEvent({ type: 'notice', path: output, message });
}

function percentage(value: string): number {
  const [, number] = /^(\d{1,3})%?$/.exec(value) ?? [];
  if (number === undefined || Number(number) > 100) throw new Error('--max-shrink takes a percentage from 0% to 100%');
  return Number(number) / 100;
}
