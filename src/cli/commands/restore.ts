import type { RestoreOptions, RestoreResult } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, REPORTING, SECTION, SNAPSHOT, STATE_DIR, snapshotOf, stateDirOf, THREADS } from '../options.ts';
import { count, formatBytes, formatDuration, formatTime } from '../text/amounts.ts';
import { lossLines } from '../text/losses.ts';

export const command = defineCommand({
  onlyOutput: false,
  positionals: { ...SNAPSHOT },
  options: {
    ...STATE_DIR,
    replace: {
      type: 'boolean',
      conflicts: 'merge',
      describe: 'Make it exactly the snapshot; the old tree is kept beside it',
    },
    merge: { type: 'boolean', describe: 'Files of the snapshot win, others stay; the old tree is kept' },
    ...SECTION,
    path: {
      type: 'array',
      string: true,
      requiresArg: true,
      describe: "Only this path or glob ('sessions/2f*.json'); repeatable",
    },
    'allow-empty': { type: 'boolean', describe: 'Also a snapshot without any section of Oxios state' },
    'external-links': {
      choices: ['keep', 'skip'],
      requiresArg: true,
      describe: 'Links that lead out of the state directory [refused]',
    },
    'same-owner': { type: 'boolean', describe: 'Give back owners and groups, by number; root only' },
    'force-running': { type: 'boolean', describe: 'Although a process is using the state directory' },
    ...THREADS,
    ...REPORTING,
  },
  examples: [
    ['restore oxios.tar.gz', 'into a missing or empty directory'],
    ['restore oxios.tar.gz --replace', 'in place of what is there'],
    ['restore oxios.tar.gz --merge --section sessions', 'one section back'],
    ['restore - < oxios.tar.gz', 'from a pipe'],
  ],
  note: 'Nothing in the state directory changes before the whole snapshot is proven.\n"oxios-backup undo" takes the last restore back.',
  run: async (args, context) => {
    const { terminal, operation } = context;
    const { restoreBackup, StateStore } = await import('../../index.ts');
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
    const store = new StateStore(stateDirOf(args, terminal));
    const began = performance.now();
    const result = await restoreBackup(store, snapshotOf(args.snapshot, terminal), options);
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
