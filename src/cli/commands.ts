import type { Command } from './command.ts';

interface CommandEntry {
  /** As yargs and the help have it. */
  usage: string;
  describe: string;
  /** Loads its module, which loads what it needs of the library only when it runs. */
  load: () => Promise<{ command: Command }>;
}

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  create: {
    usage: 'create [output]',
    describe: 'Make a snapshot of the state directory, which may be in use',
    load: () => import('./commands/create.ts'),
  },
  restore: {
    usage: 'restore <snapshot>',
    describe: 'Verify a snapshot, then restore the state directory from it',
    load: () => import('./commands/restore.ts'),
  },
  verify: {
    usage: 'verify <snapshots..>',
    describe: 'Verify every byte of snapshots, or of each one in a folder',
    load: () => import('./commands/verify.ts'),
  },
  show: {
    usage: 'show <snapshot>',
    describe: 'Show where a snapshot comes from and what it holds',
    load: () => import('./commands/show.ts'),
  },
  list: {
    usage: 'list <snapshot> [patterns..]',
    describe: 'List the entries of a snapshot',
    load: () => import('./commands/list.ts'),
  },
  cat: {
    usage: 'cat <snapshot> <path>',
    describe: 'Write the content of one file of a snapshot to standard output',
    load: () => import('./commands/cat.ts'),
  },
  diff: {
    usage: 'diff <snapshot> [other]',
    describe: 'Show what changed since a snapshot was made',
    load: () => import('./commands/diff.ts'),
  },
  snapshots: {
    usage: 'snapshots <folder>',
    describe: 'List the snapshots of a folder',
    load: () => import('./commands/snapshots.ts'),
  },
  prune: {
    usage: 'prune <folder>',
    describe: 'Remove the snapshots of a folder that no rule keeps; never the last good one',
    load: () => import('./commands/prune.ts'),
  },
  import: {
    usage: 'import <directory> [output]',
    describe: 'Make a snapshot of a backup made by Oxios',
    load: () => import('./commands/import.ts'),
  },
  undo: {
    usage: 'undo',
    describe: 'Put back what the last restore replaced, or an earlier state',
    load: () => import('./commands/undo.ts'),
  },
  recover: {
    usage: 'recover',
    describe: 'Finish or roll back an interrupted restore',
    load: () => import('./commands/recover.ts'),
  },
  completion: {
    usage: 'completion <shell>',
    describe: 'Print the script that makes a shell complete this command',
    load: () => import('./commands/completion.ts'),
  },
};

/** Loads the commands whose names are among the words before `--`, in the order of the words. */
export async function namedCommands(argv: readonly string[]): Promise<Map<string, Command>> {
  const named = new Map<string, Command>();
  for (const word of beforeEnd(argv)) {
    const entry = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
    if (entry !== undefined) named.set(word, (await entry.load()).command);
  }
  return named;
}

/** The words before `--`: only they can be options and commands. */
export function beforeEnd(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}
