import type { OperationOptions } from '../../events.ts';
import type { LatestSnapshot, RestoreOptions, StateSource } from '../../index.ts';
import { defineCommand } from '../command.ts';
import { parseMoment } from '../moment.ts';
import {
  FORCE_RUNNING,
  given,
  LOCK_WAIT,
  PATH,
  patternOf,
  REPORTING,
  SECTION,
  SNAPSHOT,
  STATE_DIR,
  snapshotOf,
  stateDirOf,
  THREADS,
} from '../options.ts';
import { changeFields } from '../results/difference-lines.ts';
import { withLatest } from '../results/latest-result.ts';
import { restorePreviewResult } from '../results/restore-preview-result.ts';
import { restoreResult } from '../results/restore-result.ts';
import { salvageResult } from '../results/salvage-result.ts';
import { withSuggestion } from '../suggest-entry.ts';
import { formatTime } from '../text/amounts.ts';
import { watchWorkingDirectory } from '../working-directory.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: { ...SNAPSHOT },
  options: {
    ...STATE_DIR,
    latest: {
      type: 'boolean',
      conflicts: 'salvage',
      describe: 'From a folder: its newest good snapshot',
    },
    before: {
      type: 'string',
      requiresArg: true,
      value: 'DATE',
      implies: 'latest',
      describe: 'With --latest: before this (local, or with zone)',
      coerce: moment,
    },
    verified: {
      type: 'boolean',
      implies: 'latest',
      describe: 'With --latest: verified before by "verify FOLDER"',
    },
    source: {
      type: 'string',
      requiresArg: true,
      value: 'HOST:PATH',
      implies: 'latest',
      describe: 'With --latest: made of that [this state directory]',
      coerce: sourceFrom,
    },
    replace: { type: 'boolean', conflicts: 'merge', describe: 'Make it exactly the snapshot; keep what was' },
    merge: { type: 'boolean', describe: 'Snapshot wins, the rest stays; keep the replaced' },
    ...SECTION,
    ...PATH,
    'allow-empty': { type: 'boolean', describe: 'Even if no file is in it' },
    'external-links': {
      choices: ['keep', 'skip'],
      requiresArg: true,
      value: 'keep|skip',
      describe: 'Links out of the state directory [refused]',
    },
    'same-owner': { type: 'boolean', describe: 'Give back owners by number; root only' },
    ...FORCE_RUNNING,
    ...LOCK_WAIT,
    'dry-run': { type: 'boolean', describe: 'Say what would change; write nothing' },
    salvage: {
      type: 'string',
      requiresArg: true,
      value: 'DIR',
      completes: 'directories',
      conflicts: [
        'replace',
        'merge',
        'section',
        'path',
        'allow-empty',
        'dry-run',
        'external-links',
        'same-owner',
        'force-running',
        'lock-wait',
      ],
      describe: 'Take what is intact of a damaged snapshot into DIR',
    },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['restore oxios.tar.gz', 'state directory missing or empty'],
    ['restore oxios.tar.gz --replace --dry-run', 'look first'],
    ['restore oxios.tar.gz --replace', 'in place of what is there'],
    ['restore oxios.tar.gz --merge --section sessions', 'one section back'],
    ['restore /backups --latest --replace', 'the newest of a folder'],
    ['restore - < oxios.tar.gz', 'from a pipe'],
  ],
  note: 'Nothing changes before the whole snapshot is verified; "oxios-backup undo" reverts it.',
  run: async (args, { terminal, operation, reporter }) => {
    const stateDir = stateDirOf(args, terminal);
    const latest = args.latest === true ? await takeLatest(args, stateDir, operation) : null;
    const snapshot = latest === null ? snapshotOf(args.snapshot, terminal) : latest.snapshot.path;
    if (args.salvage !== undefined) {
      const { salvageSnapshot } = await import('../../restore/salvage.ts');
      return reporter.result(
        salvageResult(await salvageSnapshot({ snapshot, directory: args.salvage, ...operation, stateDir })),
      );
    }
    const mode = args.replace === true ? 'replace' : args.merge === true ? 'merge' : undefined;
    const options: RestoreOptions = {
      ...operation,
      ...given({
        mode,
        sections: args.section,
        paths: args.path?.map((word) => patternOf(word, stateDir)),
        allowEmpty: args['allow-empty'],
        externalLinks: args['external-links'] as 'keep' | 'skip' | undefined,
        sameOwner: args['same-owner'],
        forceRunning: args['force-running'],
        lockWait: args['lock-wait'],
        threads: args.threads,
      }),
    };
    const explain = async (error: unknown): Promise<never> => {
      throw await withSuggestion(error, snapshot, [...(args.path ?? []), ...(args.section ?? [])], operation);
    };
    if (args['dry-run'] === true) {
      const { planRestore } = await import('../../compare/preview-restore.ts');
      const preview = await planRestore({ stateDir, snapshot, ...options }).catch(explain);
      for (const change of preview.changes) await reporter.row('change', changeFields(change));
      return reporter.result(withLatest(restorePreviewResult(preview), latest));
    }
    const began = performance.now();
    const reportIfMoved = watchWorkingDirectory(operation);
    const { restoreSnapshot } = await import('../../restore/restore-snapshot.ts');
    const result = await restoreSnapshot({ ...options, stateDir, snapshot }).catch(explain);
    reportIfMoved();
    return reporter.result(
      withLatest(
        restoreResult(
          result,
          mode === 'merge',
          [...(args.section ?? []), ...(args.path ?? [])],
          performance.now() - began,
        ),
        latest,
      ),
    );
  },
});

interface LatestArguments {
  snapshot: string;
  before?: Date | undefined;
  verified?: boolean | undefined;
  source?: StateSource | undefined;
  threads?: number | undefined;
}

/** Finds the snapshot in the folder, and says which before anything else can fail. */
async function takeLatest(
  { snapshot: folder, before, verified, source, threads }: LatestArguments,
  stateDir: string,
  operation: Required<OperationOptions>,
): Promise<LatestSnapshot> {
  const { findLatest } = await import('../../catalog/find-latest.ts');
  const latest = await findLatest({
    folder,
    source: source ?? { stateDir },
    ...operation,
    ...given({ before, verified, threads }),
  });
  const { snapshot, passedOver } = latest;
  for (const { name, reason } of passedOver) {
    operation.onEvent({ type: 'notice', path: name, message: `not taken: ${reason}` });
  }
  const limit = before === undefined ? '' : `, the newest from before ${formatTime(before)}`;
  const message = `taken, made ${formatTime(snapshot.time)}${limit}`;
  operation.onEvent({ type: 'notice', path: snapshot.path, message });
  return latest;
}

function moment(value: string): Date {
  const time = parseMoment(value);
  if (time !== null) return time;
  throw new Error(
    '--before takes a day or time such as 2026-11-20, 2026-11-20T18:30 (local time) or 2026-11-20T18:30Z',
  );
}

function sourceFrom(value: string): StateSource {
  const [, hostname, stateDir] = /^([^:/]+):(\/.*)$/s.exec(value) ?? [];
  if (hostname === undefined || stateDir === undefined) {
    throw new Error('--source takes HOST:PATH, as "oxios-backup show" names it after "from"');
  }
  return { hostname, stateDir };
}
