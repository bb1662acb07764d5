import { statSync } from 'node:fs';
import { BackupError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { given, REPORTING, snapshotOf, THREADS } from '../options.ts';
import { changeFields } from '../results/difference-lines.ts';
import { comparisonResult, shelfVerifyResult, verifyResult } from '../results/verify-result.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    snapshot: {
      type: 'string',
      demandOption: true,
      describe: 'The snapshot, or a folder of them; - reads standard input',
    },
  },
  options: {
    against: {
      type: 'string',
      requiresArg: true,
      value: 'DIR',
      describe: 'Compare it with this directory too; exit status 1 if they differ',
    },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['verify oxios.tar.gz', 'exit status 0 valid, 4 not'],
    ['verify /backups', 'each one; it is remembered'],
    ['verify - < oxios.tar.gz', 'from a pipe'],
    ['verify oxios.tar.gz --against ~/.oxios/workspace', 'is it all in there?'],
  ],
  run: async (args, { terminal, operation, reporter }) => {
    const { snapshot, against } = args;
    const options = { ...operation, ...given({ threads: args.threads }) };
    if (snapshot !== '-' && statSync(snapshot, { throwIfNoEntry: false })?.isDirectory() === true) {
      if (against === undefined) {
        const { verifyShelf } = await import('../../shelf/verify-shelf.ts');
        return reporter.result(shelfVerifyResult(await verifyShelf(snapshot, options)));
      }
      throw new BackupError('USAGE', 'a folder of snapshots cannot be compared with a directory', {
        path: snapshot,
        hint: 'Name one snapshot.',
      });
    }
    const began = performance.now();
    const source = snapshotOf(snapshot, terminal);
    if (against === undefined) {
      const { verifySnapshot } = await import('../../verify/verify-snapshot.ts');
      const result = await verifySnapshot(source, options);
      return reporter.result(verifyResult(snapshot, result, performance.now() - began));
    }
    const { compareWithDirectory } = await import('../../compare/compare-with-directory.ts');
    const comparison = await compareWithDirectory(source, against, options);
    for (const change of comparison.changes) await reporter.row('change', changeFields(change));
    return reporter.result(comparisonResult(snapshot, against, comparison, performance.now() - began));
  },
});
