import type { Difference } from '../../compare/difference.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, PATH, SECTION, STATE_DIR, snapshotOf, stateDirOf } from '../options.ts';
import {
  changeFields,
  changeLine,
  differenceFields,
  differenceStatus,
  statLines,
  unreadableLines,
} from '../results/difference-lines.ts';
import { withSuggestion } from '../suggest-entry.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    snapshot: {
      type: 'string',
      demandOption: true,
      completes: 'snapshots',
      describe: 'The earlier one, also s3://…; - reads standard input',
    },
    other: { type: 'string', completes: 'snapshots', describe: 'A snapshot or a directory [the state directory]' },
  },
  options: {
    ...STATE_DIR,
    stat: { type: 'boolean', describe: 'Only how much changed, section by section' },
    ...SECTION,
    ...PATH,
    checksum: { type: 'boolean', describe: 'Read every file of a directory, instead of comparing size and time' },
    json: { type: 'boolean', describe: 'One line of JSON a change, then one for the result' },
  },
  examples: [
    ['diff oxios.tar.gz', 'what changed since'],
    ['diff monday.tar.gz tuesday.tar.gz --stat', 'how much changed'],
    ['diff oxios.tar.gz /srv/oxios --section sessions', 'one section only'],
  ],
  note: '+ added, - removed, ~ changed, and in what. Two snapshots are compared by their indexes alone. The exit status is 6 when there is a difference, 7 when not everything could be compared.',
  run: async (args, context) => {
    const { diffSnapshots } = await import('../../compare/diff-snapshots.ts');
    const { terminal, operation } = context;
    const other = args.other === undefined ? stateDirOf(args, terminal) : snapshotOf(args.other, terminal);
    const options = {
      ...operation,
      ...given({ sections: args.section, paths: args.path, checksum: args.checksum }),
    };
    const before = snapshotOf(args.snapshot, terminal);
    const difference = await diffSnapshots({ before, after: other, ...options }).catch(async (error: unknown) => {
      throw await withSuggestion(error, before, [...(args.path ?? []), ...(args.section ?? [])], operation);
    });
    return report(difference, args, context);
  },
});

async function report(
  difference: Difference,
  args: { stat?: boolean | undefined },
  { reporter }: Context,
): Promise<number> {
  if (args.stat !== true) {
    for (const change of difference.changes) await reporter.row('change', changeFields(change));
  }
  return reporter.result({
    status: differenceStatus(difference),
    fields: differenceFields(difference),
    lines: [...(args.stat === true ? [] : difference.changes.map(changeLine)), ...statLines(difference)],
    incomplete: unreadableLines(difference),
  });
}
