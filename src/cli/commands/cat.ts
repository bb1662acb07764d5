import { defineCommand } from '../command.ts';
import { entryPathOf, SNAPSHOT, snapshotOf, stateDirOf } from '../options.ts';
import { OutputLost } from '../report/output.ts';
import { withSuggestion } from '../suggest-entry.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    ...SNAPSHOT,
    path: {
      type: 'string',
      demandOption: true,
      completes: 'entries',
      describe: 'The file, as "oxios-backup list" names it',
    },
  },
  options: {},
  examples: [
    ['cat oxios.tar.gz sessions/2f81.json', 'look at one session'],
    ['cat oxios.tar.gz memory.db > old.db', 'one database, aside'],
  ],
  note: 'What it writes is verified; of a file over 16 MiB only when the exit status is 0.',
  run: async (args, { terminal, output, operation }) => {
    const { openEntry } = await import('../../inspect/open-entry.ts');
    const snapshot = snapshotOf(args.snapshot, terminal);
    const path = entryPathOf(args.path, stateDirOf({ 'state-dir': undefined }, terminal));
    try {
      for await (const bytes of openEntry({ snapshot, path, ...operation })) await output.write(bytes);
    } catch (error) {
      throw error instanceof OutputLost ? error : await withSuggestion(error, snapshot, [path], operation);
    }
    return 0;
  },
});
