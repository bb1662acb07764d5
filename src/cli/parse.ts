import { readFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { EXIT_STATUS } from '../errors.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

/** What a command line asks for. */
export type Parsed =
  | { kind: 'command'; name: string; command: Command; args: Record<string, unknown> }
  /** Help, the version, words for a shell that completes. */
  | { kind: 'text'; text: string }
  | { kind: 'wrong'; name: string | null; message: string };

const WIDTH = 80;

/** The version of this program. */
export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

/** Understands a command line. Prints nothing, loads only the commands that it names. */
export async function parse(argv: readonly string[]): Promise<Parsed> {
  const named = new Map<string, Command>();
  for (const word of argv) {
    const entry = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
    if (entry !== undefined) named.set(word, (await entry.load()).command);
  }
  let chosen: { name: string; args: Record<string, unknown> } | null = null;
  const parser = buildParser(named, (name, args) => {
    chosen = { name, args: unguardDashes(args) };
  });
  if (argv[0] === '--get-yargs-completions') {
    const words = await parser.getCompletion(argv.slice(1));
    return { kind: 'text', text: words.join('\n') };
  }
  let text = '';
  let wrong: string | null = null;
  await parser.parseAsync(guardDashes(argv), {}, (error, _args, output) => {
    wrong ??= error?.message.replaceAll(GUARD, '') ?? null;
    text += output;
  });
  if (wrong !== null)
    return { kind: 'wrong', name: argv.find((word) => named.has(word)) ?? null, message: oneLine(wrong) };
  if (chosen === null) return { kind: 'text', text };
  const { name, args } = chosen as { name: string; args: Record<string, unknown> };
  const command = named.get(name);
  if (command === undefined) throw new TypeError(`the command ${name} was not loaded`);
  const twice = Object.keys(command.options).find(
    (key) => command.options[key]?.type !== 'array' && Array.isArray(args[key]),
  );
  if (twice !== undefined) return { kind: 'wrong', name, message: `--${twice} can be given only once` };
  return { kind: 'command', name, command, args };
}

// yargs takes a positional "-", and one behind "--" that begins with a dash, for an option without a name (yargs-parser #381).
// An argument cannot hold this character, so it marks them safely.
const GUARD = '\0';

function guardDashes(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, at) => {
    const isBehind = end >= 0 && at > end;
    return word === '-' || (isBehind && word.startsWith('-')) ? GUARD + word : word;
  });
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
  const parser = yargs()
    .scriptName('oxios-backup')
    .usage(
      'Usage: $0 <command> [options]\n\nSnapshots of an Oxios state directory: one sealed .tar.gz, proven before it comes back.',
    )
    .locale('en')
    .wrap(WIDTH)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-positional-numbers': false,
    })
    .exitProcess(false)
    .help('help')
    .version(programVersion())
    .strict()
    .recommendCommands()
    .demandCommand(1, 'which command?')
    .epilogue(exitStatuses());
  for (const [name, { usage, describe }] of Object.entries(COMMANDS)) {
    const build = (inner: Argv): Argv => {
      const command = named.get(name);
      return command === undefined ? inner : addArguments(inner, usage, describe, command);
    };
    parser.command(usage, describe, build, (args) => choose(name, args));
  }
  return parser;
}

function addArguments(parser: Argv, usage: string, describe: string, command: Command): Argv {
  parser.usage(`Usage: $0 ${usage.replace(/^\S+ ?/, (name) => name)} [options]\n\n${describe}.`);
  for (const [name, positional] of Object.entries(command.positionals)) parser.positional(name, positional);
  parser.options(command.options);
  for (const [line, what] of command.examples) parser.example(`$0 ${line}`, what);
  parser.epilogue(command.note ?? '');
  return parser;
}

function exitStatuses(): string {
  const rows = Object.entries(EXIT_STATUS).map(([status, meaning]) => `  ${status.padStart(3)}  ${meaning}`);
  return ['Exit status:', ...rows].join('\n');
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, ' ').trim();
}
