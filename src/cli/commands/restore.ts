import type { RestoreOptions } from '../../index.ts';
import { StateStore } from '../../state-dir/state-store.ts';
import { defineCommand } from '../command.ts';
import {
  FORCE_RUNNING,
  given,
  PATH,
  REPORTING,
  SECTION,
  SNAPSHOT,
  STATE_DIR,
  snapshotOf,
  stateDirOf,
  THREADS,
} from '../options.ts';
import { changeFields } from '../results/difference-lines.ts';
import { restorePreviewResult } from '../results/restore-preview-result.ts';
import { restoreResult } from '../results/restore-result.ts';
import { salvageResult } from '../results/salvage-result.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: { ...SNAPSHOT },
  options: {
    ...STATE_DIR,
    replace: { type: 'boolean', conflicts: 'merge', describe: 'Make it exactly the snapshot; keep the old tree' },
    merge: { type: 'boolean', describe: 'Snapshot wins, the rest is not touched; keep what it replaces' },
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
    'dry-run': { type: 'boolean', describe: 'Say what would change; write nothing' },
    salvage: {
      type: 'string',
      requiresArg: true,
      value: 'DIR',
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
      ],
      describe: 'Take what is sound of a damaged snapshot into DIR',
    },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['restore oxios.tar.gz', 'state directory missing or empty'],
    ['restore oxios.tar.gz --replace --dry-run', 'look first'],
    ['restore oxios.tar.gz --replace', 'in place of what is there'],
    ['restore oxios.tar.gz --merge --section sessions', 'one section back'],
    ['restore - < oxios.tar.gz', 'from a pipe'],
  ],
  note: 'Nothing changes before the whole snapshot is verified; "oxios-backup undo" takes it back.',
  run: async (args, { terminal, operation, reporter }) => {
    const snapshot = snapshotOf(args.snapshot, terminal);
    const stateDir = stateDirOf(args, terminal);
    if (args.salvage !== undefined) {
      const { salvageSnapshot } = await import('../../restore/salvage.ts');
      return reporter.result(salvageResult(await salvageSnapshot(snapshot, args.salvage, { ...operation, stateDir })));
    }
    const mode = args.replace === true ? 'replace' : args.merge === true ? 'merge' : undefined;
    const options: RestoreOptions = {
      ...operation,
      ...given({
        mode,
        sections: args.section,
        paths: args.path,
        allowEmpty: args['allow-empty'],
        externalLinks: args['external-links'] as 'keep' | 'skip' | undefined,
        sameOwner: args['same-owner'],
        forceRunning: args['force-running'],
        threads: args.threads,
      }),
    };
    const store = new StateStore(stateDir);
    if (args['dry-run'] === true) {
      const { planRestore } = await import('../../compare/plan-restore.ts');
      const preview = await planRestore(store, snapshot, options);
      for (const change of preview.changes) await reporter.row('change', changeFields(change));
      return reporter.result(restorePreviewResult(preview));
    }
    const began = performance.now();
    const { restoreBackup } = await import('../../restore/restore-backup.ts');
    const result = await restoreBackup(store, snapshot, options);
    return reporter.result(restoreResult(result, mode === 'merge', performance.now() - began));
  },
});
