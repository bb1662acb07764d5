import type { RestoreOptions, RestoreResult } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, PATH, REPORTING, SECTION, SNAPSHOT, STATE_DIR, snapshotOf, stateDirOf, THREADS } from '../options.ts';
import { salvageResult } from '../results/salvage-result.ts';
import { count, formatBytes, formatDuration, formatTime } from '../text/amounts.ts';
import { lossLines } from '../text/losses.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: { ...SNAPSHOT },
  options: {
    ...STATE_DIR,
    replace: { type: 'boolean', conflicts: 'merge', describe: 'Make it exactly the snapshot; keep the old tree' },
    merge: { type: 'boolean', describe: 'Snapshot wins, other files stay; keep the old tree' },
    ...SECTION,
    ...PATH,
    'allow-empty': { type: 'boolean', describe: 'Even if no section of Oxios state is in it' },
    'external-links': {
      choices: ['keep', 'skip'],
      requiresArg: true,
      value: 'keep|skip',
      describe: 'Links out of the state directory [refused]',
    },
    'same-owner': { type: 'boolean', describe: 'Give back owners by number; root only' },
    'force-running': { type: 'boolean', describe: 'Although a process uses the state directory' },
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
    ['restore oxios.tar.gz --replace', 'in place of what is there'],
    ['restore oxios.tar.gz --merge --section sessions', 'one section back'],
    ['restore - < oxios.tar.gz', 'from a pipe'],
  ],
  note: 'Nothing changes before the whole snapshot is proven; "oxios-backup undo" takes it back.',
  run: async (args, context) => {
    const { terminal, operation, reporter } = context;
    const { restoreBackup, salvageSnapshot, StateStore } = await import('../../index.ts');
    const snapshot = snapshotOf(args.snapshot, terminal);
    const stateDir = stateDirOf(args, terminal);
    if (args.salvage !== undefined) {
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
    const began = performance.now();
    const result = await restoreBackup(new StateStore(stateDir), snapshot, options);
    return report(result, performance.now() - began, context);
  },
});

function report(result: RestoreResult, elapsedMs: number, { reporter }: Context): Promise<number> {
  const { stateDir, manifest, sealed, restored, replacedTree, skippedLinks, verdicts, complete } = result;
  const lines = [
    `restored ${stateDir}`,
    `  ${count(restored.entries, 'entry')} (${count(restored.files, 'file')}), ${formatBytes(restored.bytes)}, in ${formatDuration(elapsedMs)}`,
    `  as it was on ${formatTime(new Date(manifest.created_at))}`,
  ];
  if (!sealed) lines.push('  the archive is unsealed: it carries no digests, so its content could not be proven');
  if (replacedTree !== null) {
    lines.push(`  the old tree is kept at ${replacedTree}`);
    lines.push('  to have it back: oxios-backup undo; to free its space: oxios-backup undo --discard');
  }
  return reporter.result({
    status: complete ? 0 : 3,
    fields: {
      state_dir: stateDir,
      elapsed_ms: Math.round(elapsedMs),
      complete,
      sealed,
      manifest,
      restored,
      replaced_tree: replacedTree,
      skipped_links: skippedLinks,
      verdicts,
    },
    lines,
    losses: [
      ...(skippedLinks.length === 0
        ? []
        : ['left out, for they lead out of the state directory:', ...skippedLinks.map((path) => `  ${path}`)]),
      ...lossLines('when the snapshot was made, these were not to be had, or not as they should be:', verdicts),
    ],
  });
}
