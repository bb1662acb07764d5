import yargs, { type Argv } from 'yargs';
import type { Command } from './command.ts';
import { beforeEnd, COMMANDS, namedCommands } from './commands.ts';
import { didYouMean } from './near-miss.ts';

/** What a command line asks for. */
export type Parsed =
  | { kind: 'command'; name: string; command: Command; args: Record<string, unknown> }
  | { kind: 'wrong'; name: string | null; message: string };

/** Understands a command line. Prints nothing, loads only the commands that it names. */
export async function parse(argv: readonly string[]): Promise<Parsed> {
  const named = await namedCommands(argv);
  let chosen: { name: string; args: Record<string, unknown> } | null = null;
  const parser = buildParser(named, (name, args) => {
    chosen = { name, args: unguardDashes(args) };
  });
  let wrong: string | null = null;
  // The first error counts: others often follow from it.
  parser.fail((message, error) => {
    wrong ??= oneLine(message || error.message).replaceAll(GUARD, '');
  });
  const unknown = named.size === 0 ? unknownCommand(argv) : null;
  if (unknown !== null) return { kind: 'wrong', name: null, message: unknown };
  await parser.parseAsync(guardDashes(argv));
  if (wrong !== null) {
    const name = argv.find((word) => named.has(word)) ?? null;
    const command = name === null ? undefined : named.get(name);
    const message =
      (command && unknownOption(argv, command, COMMANDS[name as string]?.usage)) ??
      inWords(wrong, name) ??
      oneChoice(wrong, command);
    return { kind: 'wrong', name, message };
  }
  if (chosen === null) return { kind: 'wrong', name: null, message: 'which command?' };
  const { name, args } = chosen as { name: string; args: Record<string, unknown> };
  const command = named.get(name);
  if (command === undefined) throw new TypeError(`the command ${name} was not loaded`);
  const twice = Object.keys(command.options).find(
    (key) => command.options[key]?.type !== 'array' && Array.isArray(args[key]),
  );
  if (twice !== undefined) return { kind: 'wrong', name, message: `--${twice} can be given only once` };
  const odd = oddValue(argv, command) ?? emptyPositional(command, args);
  if (odd !== null) return { kind: 'wrong', name, message: odd };
  return { kind: 'command', name, command, args };
}

function unknownCommand(argv: readonly string[]): string | null {
  const word = beforeEnd(argv).find((each) => !each.startsWith('-'));
  return word === undefined ? null : `there is no command "${word}"${didYouMean(word, Object.keys(COMMANDS))}`;
}

/** Options by which other programs are given the file that they write, and the one that they read. */
const WRITTEN_FILE: ReadonlySet<string> = new Set(['archive', 'f', 'file', 'o', 'out', 'outfile', 'output-file']);
const READ_FILE: ReadonlySet<string> = new Set(['archive', 'f', 'file', 'from', 'i', 'in', 'input', 'input-file']);

function unknownOption(
  argv: readonly string[],
  { options, positionals }: Command,
  usage: string | undefined,
): string | null {
  const known = Object.keys(options);
  const words = beforeEnd(argv);
  for (const [at, word] of words.entries()) {
    const [, dashes = '', name = ''] = /^(--?)([^-=][^=]*)/s.exec(word) ?? [];
    const before = /^--?([^-=]+)$/.exec(words[at - 1] ?? '')?.[1] ?? '';
    const isValue = Object.hasOwn(options, before) && options[before]?.type !== 'boolean';
    if (name === '' || isValue || Object.hasOwn(options, name)) continue;
    // One dash may precede several letters.
    if (dashes === '-' && [...name].every((letter) => Object.hasOwn(options, letter))) continue;
    const unknown = `there is no option ${dashes}${name}`;
    const fileOptions = Object.hasOwn(positionals, 'output') ? WRITTEN_FILE : READ_FILE;
    return fileOptions.has(name) && Object.keys(positionals).length > 0
      ? `${unknown}: files are named without an option, as in oxios-backup ${usage}`
      : `${unknown}${didYouMean(name, known, '--')}`;
  }
  return null;
}

/** Says in a sentence which argument is missing, or which option wants another; null of anything else. */
function inWords(message: string, name: string | null): string | null {
  const usage = name === null ? undefined : COMMANDS[name]?.usage;
  if (usage !== undefined && message.startsWith(MISSING_ARGUMENT)) return `${MISSING_ARGUMENT}: oxios-backup ${usage}`;
  const [, option, needed] = /^one option needs another:\s*(\S+) -> (\S+)/.exec(message) ?? [];
  return option === undefined ? null : `--${option} needs --${needed}`;
}

/** Says in a sentence which values an option has, instead of the list that yargs makes. */
function oneChoice(message: string, command: Command | undefined): string {
  const [, name, given] = /Argument: (\S+), Given: "(.*?)", Choices: /.exec(message) ?? [];
  if (name === undefined || given === undefined || command === undefined) return message;
  const { choices } = command.options[name] ?? command.positionals[name] ?? {};
  const words = [choices ?? []].flat().map(String);
  const dashed = Object.hasOwn(command.options, name) ? `--${name}` : name;
  return `${dashed} takes ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, not "${given}"${didYouMean(given, words)}`;
}

/** An empty value is what an unset variable leaves, and yargs takes any word after a flag for "false". */
function oddValue(argv: readonly string[], { options }: Command): string | null {
  const words = beforeEnd(argv);
  for (const [at, word] of words.entries()) {
    const [, name = '', assigned] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option?.type === 'boolean') {
      if (assigned !== undefined && assigned !== 'true' && assigned !== 'false') return `--${name} takes no value`;
    } else if (option !== undefined && (assigned ?? words[at + 1]) === '') {
      return `--${name} needs a value that is not empty`;
    }
  }
  return null;
}

function emptyPositional({ positionals }: Command, args: Readonly<Record<string, unknown>>): string | null {
  const empty = Object.keys(positionals).find((key) => [args[key]].flat().includes(''));
  return empty === undefined ? null : `${empty} must not be empty`;
}

/** What yargs says, in words that do not presuppose its own. */
const MISSING_ARGUMENT = 'an argument is missing';

const MESSAGES = {
  'Unknown argument: %s': {
    one: 'there is no such option or argument: %s',
    other: 'there are no such options or arguments: %s',
  },
  'Not enough non-option arguments: got %s, need at least %s': {
    one: MISSING_ARGUMENT,
    other: MISSING_ARGUMENT,
  },
  'Not enough arguments following: %s': '--%s needs a value',
  'Arguments %s and %s are mutually exclusive': '%s and %s exclude each other',
  'Implications failed:': 'one option needs another:',
  'Invalid values:': 'there is no such value:',
} as never;

// yargs takes a positional "-", and one after "--" that begins with a dash, for an option without a name (yargs-parser #381).
// An argument cannot hold this character, so it marks them safely.
const GUARD = '\0';

function guardDashes(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const guarded = argv.map((word, at) => {
    const isBehind = end >= 0 && at > end;
    return word === '-' || (isBehind && word.startsWith('-')) ? GUARD + word : word;
  });
  return end < 0 ? guarded : guarded.toSpliced(end, 1);
}

function unguardDashes(args: Record<string, unknown>): Record<string, unknown> {
  const unguard = (value: unknown) => (typeof value === 'string' && value.startsWith(GUARD) ? value.slice(1) : value);
  const entries = Object.entries(args).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map(unguard) : unguard(value),
  ]);
  return Object.fromEntries(entries);
}

function buildParser(
  named: ReadonlyMap<string, Command>,
  choose: (name: string, args: Record<string, unknown>) => void,
): Argv {
  // It asks for the working directory otherwise, which may be gone. Nothing is read from there.
  const parser = yargs([], '/')
    .scriptName('oxios-backup')
    .locale('en')
    .updateStrings(MESSAGES)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-positional-numbers': false,
    })
    .exitProcess(false)
    .help(false)
    .version(false)
    .strict()
    .demandCommand(1, 'which command?');
  for (const [name, command] of named) {
    const usage = COMMANDS[name]?.usage ?? name;
    parser.command(
      usage,
      '',
      (inner) => addArguments(inner, command),
      (args) => choose(name, args),
    );
  }
  return parser;
}

function addArguments(parser: Argv, command: Command): Argv {
  for (const [name, positional] of Object.entries(command.positionals)) parser.positional(name, positional);
  return parser.options(command.options);
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, ' ').trim();
}
