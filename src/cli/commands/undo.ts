import type { DiscardReport, ListedTree, UndoReport } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { FORCE_RUNNING, given, JSON_RESULT, LOCK_WAIT, REPORTING, STATE_DIR, stateDirOf } from '../options.ts';
import { keptFields, keptLines } from '../results/previous-states.ts';
import { count, formatBytes, formatTime } from '../text/amounts.ts';
import type { Line } from '../text/table.ts';
import { watchWorkingDirectory } from '../working-directory.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: {},
  options: {
    ...STATE_DIR,
    list: { type: 'boolean', conflicts: ['to', 'discard', 'all'], describe: 'Show the previous states, newest first' },
    to: {
      type: 'string',
      requiresArg: true,
      value: 'NAME',
      completes: 'previous',
      conflicts: ['discard', 'all'],
      describe: 'Go to this previous state [the newest not undone]',
    },
    discard: {
      type: 'array',
      string: true,
      value: '[NAME]',
      completes: 'previous',
      describe: 'Remove previous states for good [all but the original, where there were several restores]',
    },
    all: { type: 'boolean', implies: 'discard', describe: 'With --discard: also the original' },
    ...FORCE_RUNNING,
    ...LOCK_WAIT,
    ...JSON_RESULT,
    quiet: REPORTING.quiet,
  },
  examples: [
    ['undo', 'take the last restore back'],
    ['undo --list', 'what can be put back'],
    ['undo --to 20261122_033000', 'put this back'],
    ['undo --discard', 'free the space of what was replaced'],
  ],
  note: 'A second undo goes further back. What an undo replaces is kept as well, and put back by --to.',
  run: async (args, context) => {
    const stateDir = stateDirOf(args, context.terminal);
    if (args.list === true) {
      const { listPrevious } = await import('../../state-dir/undo/previous-states.ts');
      return reportList(await listPrevious({ stateDir }), stateDir, context);
    }
    const wait = { lockWait: args['lock-wait'] };
    if (args.discard !== undefined) {
      const { discardUndo } = await import('../../state-dir/undo/discard.ts');
      const options = { ...context.operation, ...given({ names: args.discard, all: args.all, ...wait }) };
      return reportDiscard(await discardUndo({ stateDir, ...options }), context);
    }
    const { undoRestore } = await import('../../state-dir/undo/undo.ts');
    const options = { ...context.operation, ...given({ to: args.to, forceRunning: args['force-running'], ...wait }) };
    const reportIfMoved = watchWorkingDirectory(context.operation);
    const report = await undoRestore({ stateDir, ...options });
    reportIfMoved();
    return reportUndo(report, context);
  },
});

function reportList(kept: ListedTree[], stateDir: string, { reporter }: Context): Promise<number> {
  const lines: Line[] = kept.length === 0 ? [`no previous state of ${stateDir} is kept`] : keptLines(kept, stateDir);
  const previous = kept.map((tree) => ({ ...keptFields(tree), bytes: tree.bytes }));
  return reporter.result({ status: 0, fields: { state_dir: stateDir, previous }, lines });
}

function reportUndo({ stateDir, restored, steps, previousState }: UndoReport, { reporter }: Context): Promise<number> {
  const lines = [`${stateDir} is again what was replaced on ${formatTime(restored.replacedAt)}`];
  if (steps.length > 1)
    lines.push(
      `  by way of ${steps
        .slice(0, -1)
        .map(({ name }) => name)
        .join(', ')}`,
    );
  if (previousState !== null) lines.push(`  what it replaced is kept at ${previousState}`);
  const fields = {
    state_dir: stateDir,
    restored: keptFields(restored),
    steps: steps.map(keptFields),
    previous_state: previousState,
  };
  return reporter.result({ status: 0, fields, lines });
}

function reportDiscard({ discarded, spared, entries, bytes }: DiscardReport, { reporter }: Context): Promise<number> {
  const lines = [
    ...discarded.map(({ path, replacedAt }) => `removed ${path}, replaced on ${formatTime(replacedAt)}`),
    `  ${count(entries, 'entry')}, ${formatBytes(bytes)} freed`,
  ];
  if (spared !== null) {
    lines.push(`  ${spared.path} stays: it is what was live before the first restore`);
    lines.push(`  to remove that too: oxios-backup undo --discard ${spared.name}`);
  }
  const fields = {
    discarded: discarded.map(keptFields),
    spared: spared === null ? null : keptFields(spared),
    entries,
    bytes,
  };
  return reporter.result({ status: 0, fields, lines });
}
