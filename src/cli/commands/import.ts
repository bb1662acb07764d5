import { defineCommand } from '../command.ts';
import { REPORTING, STATE_DIR, stateDirOf } from '../options.ts';
import { importResult } from '../results/import-result.ts';
import { ALLOW_EMPTY, FORCE, OUTPUT, outputOf, PACKING, packingOf, TO } from '../snapshot-output.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: {
    directory: {
      type: 'string',
      demandOption: true,
      completes: 'directories',
      describe: 'The directory that "oxios backup" made',
    },
    ...OUTPUT,
  },
  options: {
    'state-dir': {
      ...STATE_DIR['state-dir'],
      describe: `What it is a backup of [$OXIOS_STATE_DIR or ~/.oxios/workspace]`,
    },
    ...TO,
    ...FORCE,
    ...ALLOW_EMPTY,
    ...PACKING,
    host: {
      type: 'string',
      requiresArg: true,
      value: 'NAME',
      describe: 'Machine that it was made on, for the manifest [host name]',
    },
    ...REPORTING,
  },
  examples: [
    ['import ~/.oxios/workspace/backups/monday', 'into the current folder'],
    ['import monday --to /backups', 'beside other snapshots'],
  ],
  note: 'The snapshot is dated as the backup is, and names the same version of Oxios. The times of files are those of the copies that Oxios made. Exit status 3 if the directory does not hold what its manifest says. The directory itself is not changed.',
  run: async (args, context) => {
    const { terminal, reporter, operation } = context;
    const output = outputOf(args, context);
    const began = performance.now();
    const { importBackup } = await import('../../create/import-backup.ts');
    const result = await importBackup({
      directory: args.directory,
      output,
      stateDir: stateDirOf(args, terminal),
      countAhead: reporter.showsProgress,
      ...operation,
      ...packingOf(args),
    });
    return reporter.result(importResult(result, performance.now() - began));
  },
});
