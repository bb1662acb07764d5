import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RecoverReport } from '../../index.ts';
import { defineCommand } from '../command.ts';
import { FORCE_RUNNING, given, JSON_RESULT, LOCK_WAIT, REPORTING, STATE_DIR, stateDirOf } from '../options.ts';
import { keptFields, unfinishedLines } from '../results/previous-states.ts';
import { watchWorkingDirectory } from '../working-directory.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: {},
  options: { ...STATE_DIR, ...FORCE_RUNNING, ...LOCK_WAIT, ...JSON_RESULT, quiet: REPORTING.quiet },
  examples: [['recover', 'after a crash or power cut']],
  note: 'It can itself be interrupted, and run again. Where nothing was interrupted it changes nothing.',
  run: async (args, { terminal, reporter, operation }) => {
    const { recoverStateDir } = await import('../../state-dir/recover/recover.ts');
    const options = { ...operation, ...given({ forceRunning: args['force-running'], lockWait: args['lock-wait'] }) };
    const reportIfMoved = watchWorkingDirectory(operation);
    const report = await recoverStateDir({ stateDir: stateDirOf(args, terminal), ...options });
    reportIfMoved();
    const { outcome, operation: interrupted, stateDir, previousState, movedAside, cleared, unfinishedUndo } = report;
    const fields = {
      outcome,
      operation: interrupted,
      state_dir: stateDir,
      previous_state: previousState,
      moved_aside: movedAside,
      cleared,
      unfinished_undo: unfinishedUndo === null ? null : keptFields(unfinishedUndo),
    };
    return reporter.result({ status: 0, fields, lines: linesOf(report) });
  },
});

function linesOf(report: RecoverReport): string[] {
  const { operation, stateDir, cleared, unfinishedUndo } = report;
  if (unfinishedUndo === null) return outcomeLines(report);
  const lines = unfinishedLines(stateDir, unfinishedUndo);
  return operation === 'restore'
    ? [...outcomeLines(report), ...lines]
    : [...lines, ...cleared.map((each) => `  removed what it had left: ${each}`)];
}

function outcomeLines(report: RecoverReport): string[] {
  const { outcome, operation, stateDir, previousState, cleared } = report;
  if (outcome === 'rolled-back') return [`${stateDir} is as it was before the ${operation}, which was rolled back`];
  if (outcome === 'finished') {
    const back = operation === 'undo' ? `undo --to ${path.basename(previousState ?? '')}` : 'undo';
    return [
      `${stateDir} is restored: the ${operation} that was interrupted is now complete`,
      ...(previousState === null
        ? []
        : [`  what it replaced is kept at ${previousState}; to have it back: oxios-backup ${back}`]),
    ];
  }
  const exists = existsSync(stateDir);
  const removed = cleared.map((each) => `  removed what it had left: ${each}`);
  if (outcome === 'unchanged') {
    const state = exists ? 'is as it was' : 'does not exist, as before';
    return [`${stateDir} ${state}: a restore was interrupted before it changed anything; run it again`, ...removed];
  }
  const state = exists ? `${stateDir} is whole` : `${stateDir} does not exist`;
  if (cleared.length === 0) return [`${state}: there is nothing to recover`];
  return [`${state}, and an interrupted run has been cleaned up after`, ...removed];
}
