import { readProgram } from '../program.ts';
import type { Command } from './command.ts';
import { beforeEnd, COMMANDS, namedCommands } from './commands.ts';
import { EXIT_STATUS } from './exit-status.ts';
import { definitions, wrap } from './text/wrap.ts';

const WIDTH = 80;
const EXAMPLE_COLUMN = 48;

/**
 * The answer to `--help`, `-h`, `help`, `--version`, `-v` or `version`; null for a command line that asks for none of them. `help` and
 * `version` are words only in first place: elsewhere they may be names of files.
 */
export async function answer(argv: readonly string[]): Promise<string | null> {
  const words = beforeEnd(argv);
  const [first] = words;
  if (first === 'help' || words.includes('--help') || words.includes('-h')) {
    const [named] = await namedCommands(argv);
    return named === undefined ? programHelp() : commandHelp(...named);
  }
  const asksVersion = first === 'version' || first === '-v' || words.includes('--version');
  return asksVersion ? readProgram().version : null;
}

/** Help of the program: its commands, and what the exit statuses mean. */
function programHelp(): string {
  const commands = Object.values(COMMANDS).map(({ usage, describe }) => [usage, describe] as const);
  const statuses = Object.entries(EXIT_STATUS).map(([status, meaning]) => [status.padStart(3), meaning] as const);
  return [
    'Usage: oxios-backup <command> [options]',
    '',
    ...wrap('Snapshots of an Oxios state directory: one sealed .tar.gz, verified before it is restored.', WIDTH),
    '',
    'Commands:',
    ...definitions(commands, WIDTH),
    '',
    'oxios-backup help COMMAND shows its options, with examples.',
    '',
    'Exit status:',
    ...definitions(statuses, WIDTH),
  ].join('\n');
}

/** Help of one command. */
function commandHelp(name: string, command: Command): string {
  const { usage, describe } = COMMANDS[name] ?? { usage: name, describe: '' };
  const positionals = Object.entries(command.positionals).map(
    ([key, { describe: meaning = '' }]) => [key, meaning] as const,
  );
  const options = Object.entries(command.options).map(([key, option]) => {
    const dashed = `${key.length === 1 ? '-' : '--'}${key}`;
    return [option.value === undefined ? dashed : `${dashed} ${option.value}`, option.describe ?? ''] as const;
  });
  const lines = [
    `Usage: oxios-backup ${usage}${options.length > 0 ? ' [options]' : ''}`,
    '',
    ...wrap(`${describe}.`, WIDTH),
    '',
    ...definitions([...positionals, ...options], WIDTH),
  ];
  if (command.examples.length > 0) lines.push('', 'Examples:', ...command.examples.flatMap(exampleLines));
  if (command.note !== undefined) lines.push('', ...wrap(command.note, WIDTH));
  return lines.join('\n');
}

/** Beside the command line if that is short, else below it. */
function exampleLines([line, what]: [string, string]): string[] {
  const shown = `  oxios-backup ${line}`;
  const indent = ' '.repeat(EXAMPLE_COLUMN);
  const explained = wrap(what, WIDTH - EXAMPLE_COLUMN).map((part) => indent + part);
  if (shown.length >= EXAMPLE_COLUMN) return [shown, ...explained];
  return [shown + (explained[0] ?? '').slice(shown.length), ...explained.slice(1)];
}
