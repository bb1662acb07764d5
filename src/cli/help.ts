import { readProgram } from '../program.ts';
import type { Command } from './command.ts';
import { beforeEnd, COMMANDS, namedCommands } from './commands.ts';
import { EXIT_STATUS } from './exit-status.ts';
import { definitions, wrap } from './text/wrap.ts';

/** Longer lines are hard to read, however wide the window is. */
const MOST_WIDTH = 80;
const EXAMPLE_COLUMN = 48;

/**
 * The answer to `--help`, `-h`, `help`, `--version`, `-v` or `version`; null for a command line that asks for none of them. `help` and
 * `version` are words only in first place: elsewhere they may be names of files.
 *
 * @param columns width of the window; null for none
 */
export async function answer(argv: readonly string[], columns: number | null = null): Promise<string | null> {
  const width = Math.min(columns ?? MOST_WIDTH, MOST_WIDTH);
  const words = beforeEnd(argv);
  const [first] = words;
  if (first === 'help' || words.includes('--help') || words.includes('-h')) {
    const [named] = await namedCommands(argv);
    return named === undefined ? programHelp(width) : commandHelp(...named, width);
  }
  const asksVersion = first === 'version' || first === '-v' || words.includes('--version');
  return asksVersion ? readProgram().version : null;
}

/** Help of the program: its commands, and what the exit statuses mean. */
function programHelp(width: number): string {
  const commands = Object.values(COMMANDS).map(({ usage, describe }) => [usage, describe] as const);
  const statuses = Object.entries(EXIT_STATUS).map(([status, meaning]) => [status.padStart(3), meaning] as const);
  return [
    'Usage: oxios-backup <command> [options]',
    '',
    ...wrap('Snapshots of an Oxios state directory: one sealed .tar.gz, verified before it is restored.', width),
    '',
    'Commands:',
    ...definitions(commands, width),
    '',
    ...wrap('oxios-backup help COMMAND shows its options, with examples.', width),
    '',
    'Exit status:',
    ...definitions(statuses, width),
  ].join('\n');
}

/** Help of one command. */
function commandHelp(name: string, command: Command, width: number): string {
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
    ...wrap(`${describe}.`, width),
    '',
    ...definitions([...positionals, ...options], width),
  ];
  if (command.examples.length > 0)
    lines.push('', 'Examples:', ...command.examples.flatMap((example) => exampleLines(example, width)));
  if (command.note !== undefined) lines.push('', ...wrap(command.note, width));
  return lines.join('\n');
}

/** Beside the command line if that is short, else below it. */
function exampleLines([line, what]: [string, string], width: number): string[] {
  const shown = `  oxios-backup ${line}`;
  if (width < MOST_WIDTH) return [shown, ...wrap(what, width - 6).map((part) => `      ${part}`)];
  const indent = ' '.repeat(EXAMPLE_COLUMN);
  const explained = wrap(what, MOST_WIDTH - EXAMPLE_COLUMN).map((part) => indent + part);
  if (shown.length >= EXAMPLE_COLUMN) return [shown, ...explained];
  return [shown + (explained[0] ?? '').slice(shown.length), ...explained.slice(1)];
}
