import type { Entry } from '../../format/entry.ts';
import { printable } from '../../format/printable.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, SECTION, SNAPSHOT, snapshotOf } from '../options.ts';
import { entryFields, entryName, longEntry } from '../text/entry-text.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: {
    ...SNAPSHOT,
    patterns: {
      type: 'string',
      array: true,
      describe: "Paths or globs, by gitignore's rules; a folder lists all in it",
    },
  },
  options: {
    l: { type: 'boolean', describe: 'Type, mode, owner, size and time too' },
    h: { type: 'boolean', describe: 'As -l, with sizes for people' },
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
    ['list oxios.tar.gz -h', 'everything'],
    ["list oxios.tar.gz 'sessions/2f*.json'", 'what a glob finds; quote it'],
    ['list oxios.tar.gz --section memory/facts --sort time', 'newest first'],
  ],
  run: async (args, context) => {
    const { listEntries } = await import('../../inspect/list-entries.ts');
    const wanted = given({ paths: args.patterns?.length ? args.patterns : undefined, sections: args.section });
    const entries = listEntries(snapshotOf(args.snapshot, context.terminal), { ...context.operation, ...wanted });
    const lineOf = lineMaker(args);
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
    if (listed === 0 && Object.keys(wanted).length > 0) return nothingFound(context);
    return 0;
  },
});

function lineMaker(args: {
  json?: boolean | undefined;
  l?: boolean | undefined;
  h?: boolean | undefined;
}): (entry: Entry) => string {
  if (args.json === true) return (entry) => JSON.stringify(entryFields(entry));
  if (args.l === true || args.h === true) return (entry) => printable(longEntry(entry, args.h === true));
  return (entry) => printable(entryName(entry));
}

async function sorted(entries: AsyncIterable<Entry>, by: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  if (by === 'size') return all.sort((a, b) => b.size - a.size);
  return all.sort((a, b) => b.mtime - a.mtime || b.mtimeNs - a.mtimeNs);
}

async function nothingFound({ reporter }: Context): Promise<number> {
  await reporter.failure(1, {
    code: 'ENTRY_NOT_FOUND',
    message: 'the snapshot holds nothing of what was asked for',
    hint: 'Without a pattern everything is listed; folders and globs are written as in a .gitignore.',
  });
  return 1;
}
