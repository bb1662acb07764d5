import type { RecoverReport } from '../../index.ts';
import { defineCommand } from '../command.ts';
import { FORCE_RUNNING, given, JSON_RESULT, REPORTING, STATE_DIR, stateDirOf } from '../options.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: {},
  options: { ...STATE_DIR, ...FORCE_RUNNING, ...JSON_RESULT, quiet: REPORTING.quiet },
  examples: [['recover', 'after a crash or power cut']],
  note: 'It can itself be interrupted, and run again. Where nothing was interrupted it changes nothing.',
  run: async (args, { terminal, reporter, operation }) => {
    const { recoverStateDir } = await import('../../restore/publish/recover.ts');
    const options = { ...operation, ...given({ forceRunning: args['force-running'] }) };
    const report = await recoverStateDir(stateDirOf(args, terminal), options);
    const { outcome, operation: interrupted, stateDir, keptTree, movedAside, cleared } = report;
    const fields = {
      outcome,
      operation: interrupted,
      state_dir: stateDir,
      kept_tree: keptTree,
      moved_aside: movedAside,
      cleared,
    };
    return reporter.result({ status: 0, fields, lines: linesOf(report) });
  },
});

function linesOf({ outcome, operation, stateDir, keptTree }: RecoverReport): string[] {
  if (outcome === 'clean') return [`${stateDir} is whole: nothing had been interrupted`];
  if (outcome === 'rolled-back') return [`${stateDir} is as it was before the ${operation}, which was taken back`];
  const lines = [`${stateDir} is restored: the ${operation} that was interrupted is now complete`];
  if (keptTree !== null) lines.push(`  the old tree is kept at ${keptTree}; to have it back: oxios-backup undo`);
  return lines;
}
