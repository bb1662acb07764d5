import type { RecoverReport } from '../../index.ts';
import { defineCommand } from '../command.ts';
import { FORCE_RUNNING, given, JSON_RESULT, LOCK_WAIT, REPORTING, STATE_DIR, stateDirOf } from '../options.ts';
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
    const tellIfMoved = watchWorkingDirectory(operation);
    const report = await recoverStateDir({ stateDir: stateDirOf(args, terminal), ...options });
    tellIfMoved();
    const { outcome, operation: interrupted, stateDir, previousState, movedAside, cleared } = report;
    const fields = {
      outcome,
      operation: interrupted,
      state_dir: stateDir,
      previous_state: previousState,
      moved_aside: movedAside,
      cleared,
    };
    return reporter.result({ status: 0, fields, lines: linesOf(report) });
  },
});

function linesOf({ outcome, operation, stateDir, previousState, cleared }: RecoverReport): string[] {
  if (outcome === 'clean' && cleared.length > 0)
    return [`${stateDir} was not changed by the run that died; what it had left beside it is removed`];
  if (outcome === 'clean') return [`${stateDir} is whole: nothing had been interrupted`];
  if (outcome === 'rolled-back') return [`${stateDir} is as it was before the ${operation}, which was rolled back`];
  const lines = [`${stateDir} is restored: the ${operation} that was interrupted is now complete`];
  if (previousState !== null)
    lines.push(`  the old tree is kept at ${previousState}; to have it back: oxios-backup undo`);
  return lines;
}
