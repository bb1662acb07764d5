import type { DiscardReport, UndoReport } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { FORCE_RUNNING, given, JSON_RESULT, REPORTING, STATE_DIR, stateDirOf } from '../options.ts';
import { count, formatBytes, formatTime } from '../text/amounts.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: {},
  options: {
    ...STATE_DIR,
    discard: { type: 'boolean', describe: 'Remove all kept trees for good, to free their space' },
    ...FORCE_RUNNING,
    ...JSON_RESULT,
    quiet: REPORTING.quiet,
  },
  examples: [
    ['undo', 'take the last restore back'],
    ['undo --discard', 'the old tree may go'],
  ],
  note: 'An undo keeps what it takes away: a second undo takes back the first.',
  run: async (args, context) => {
    const { discardUndo, undoRestore } = await import('../../restore/publish/undo.ts');
    const stateDir = stateDirOf(args, context.terminal);
    if (args.discard === true) return reportDiscard(await discardUndo(stateDir, context.operation), context);
    const options = { ...context.operation, ...given({ forceRunning: args['force-running'] }) };
    return reportUndo(await undoRestore(stateDir, options), context);
  },
});

function reportUndo({ stateDir, restored, keptTree }: UndoReport, { reporter }: Context): Promise<number> {
  const lines = [`${stateDir} is again what was replaced on ${formatTime(restored.replacedAt)}`];
  if (keptTree !== null) lines.push(`  what was live until now is kept at ${keptTree}`);
  const fields = {
    state_dir: stateDir,
    restored: { path: restored.path, replaced_at: restored.replacedAt },
    kept_tree: keptTree,
  };
  return reporter.result({ status: 0, fields, lines });
}

function reportDiscard({ discarded, entries, bytes }: DiscardReport, { reporter }: Context): Promise<number> {
  const lines = [
    ...discarded.map(({ path, replacedAt }) => `removed ${path}, replaced on ${formatTime(replacedAt)}`),
    `  ${count(entries, 'entry')}, ${formatBytes(bytes)} freed`,
  ];
  const fields = {
    discarded: discarded.map(({ path, replacedAt }) => ({ path, replaced_at: replacedAt })),
    entries,
    bytes,
  };
  return reporter.result({ status: 0, fields, lines });
}
