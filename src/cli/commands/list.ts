import { BackupError } from '../../errors.ts';
import type { Entry } from '../../format/entry.ts';
import { printable } from '../../format/printable.ts';
import { defineCommand } from '../command.ts';
import { given, patternOf, SECTION, SNAPSHOT, snapshotOf, stateDirOf } from '../options.ts';
import type { Output } from '../report/output.ts';
import { withSuggestion } from '../suggest-entry.ts';
import { entryFields, entryName, longEntryFormat } from '../text/entry-text.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    ...SNAPSHOT,
    patterns: {
      type: 'string',
      array: true,
      completes: 'patterns',
      describe: "Paths or globs, by gitignore's rules; a folder lists all in it",
    },
  },
  options: {
    l: { type: 'boolean', describe: 'Type, mode, owner, size and time too' },
    bytes: { type: 'boolean', describe: 'With -l: exact sizes, as in a pipe [on a terminal rounded]' },
    ...SECTION,
    sort: {
      choices: ['name', 'size', 'time'],
      requiresArg: true,
      value: 'name|size|time',
      describe: 'Biggest or newest first [name]',
    },
    json: { type: 'boolean', describe: 'One line of JSON an entry' },
  },
  examples: [
    ['list oxios.tar.gz -l', 'everything'],
    ["list oxios.tar.gz 'sessions/2f*.json'", 'what a glob finds; quote it'],
    ['list oxios.tar.gz --section memory/facts --sort time', 'newest first'],
  ],
  run: async (args, context) => {
    const { listEntries } = await import('../../inspect/list-entries.ts');
    const stateDir = stateDirOf({ 'state-dir': undefined }, context.terminal);
    const patterns = args.patterns?.map((word) => patternOf(word, stateDir)) ?? [];
    const wanted = given({ paths: patterns.length > 0 ? patterns : undefined, sections: args.section });
    const snapshot = snapshotOf(args.snapshot, context.terminal);
    const entries = listEntries({ snapshot, ...context.operation, ...wanted });
    const lineOf = lineMaker(args, context.output);
    let listed = 0;
    for await (const entry of args.sort === undefined || args.sort === 'name'
      ? entries
      : await sorted(entries, args.sort)) {
      listed++;
      const written = context.output.line(lineOf(entry));
      // Awaiting what need not be awaited would cost more than all the rest of a listing.
      if (written !== undefined) await written;
    }
    await context.output.flush();
    if (listed === 0 && Object.keys(wanted).length > 0) {
      const words = [...patterns, ...(args.section ?? [])];
      throw await withSuggestion(nothingFound(args.snapshot, words), snapshot, words, context.operation);
    }
    return 0;
  },
});

function lineMaker(
  args: { json?: boolean | undefined; l?: boolean | undefined; bytes?: boolean | undefined },
  { isTerminal, columns }: Output,
): (entry: Entry) => string {
  if (args.json === true) return (entry) => JSON.stringify(entryFields(entry));
  if (args.l === true) return longEntryFormat(isTerminal && args.bytes !== true, columns);
  return (entry) => printable(entryName(entry));
}

async function sorted(entries: AsyncIterable<Entry>, by: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  if (by === 'size') return all.sort((a, b) => b.size - a.size);
  return all.sort((a, b) => b.mtime - a.mtime || b.mtimeNs - a.mtimeNs);
}

function nothingFound(snapshot: string, words: readonly string[]): BackupError {
  const what = words.map((word) => `"${word}"`).join(' or ');
  return new BackupError(
    'ENTRY_NOT_FOUND',
    `nothing in ${snapshot === '-' ? 'the snapshot' : snapshot} matches ${what}`,
    {
      hint: 'Without a pattern everything is listed; folders and globs are written as in a .gitignore.',
    },
  );
}
