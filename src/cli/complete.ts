import { CATEGORIES } from '../state-dir/sections.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

/** A word that could stand there, and what it means. */
export type Completion = readonly [word: string, meaning: string];

/**
 * What a shell offers for the last of `words` (what is typed of it, perhaps nothing). An empty answer stands for file names.
 *
 * @param words behind the name of the program
 */
export async function complete(words: readonly string[]): Promise<Completion[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  return (await candidates(current, before)).filter(([word]) => word.startsWith(current));
}

async function candidates(current: string, before: readonly string[]): Promise<Completion[]> {
  const name = before.find((word) => Object.hasOwn(COMMANDS, word));
  if (name === undefined) {
    if (current.startsWith('-')) return [HELP, ['--version', 'The version of this program']];
    return Object.entries(COMMANDS).map(([command, { describe }]) => [command, describe] as const);
  }
  const entry = COMMANDS[name];
  if (entry === undefined || before.includes('--')) return [];
  const { command } = await entry.load();
  const previous = before.at(-1)?.replace(/^--?/, '');
  const pending = before.at(-1)?.startsWith('-') && previous !== undefined ? command.options[previous] : undefined;
  if (pending?.choices !== undefined) return words(pending.choices);
  if (previous === 'section' && pending !== undefined) return [...SECTION_FOLDERS];
  if (pending !== undefined && pending.type !== 'boolean') return [];
  return current.startsWith('-') ? options(command, before) : positional(command);
}

const HELP: Completion = ['--help', 'What it does, its options, examples'];

const SECTION_FOLDERS: readonly Completion[] = CATEGORIES.map((name) => [name, '']);

function options(command: Command, before: readonly string[]): Completion[] {
  const offered = Object.entries(command.options).flatMap(([key, { describe = '', type }]): Completion[] => {
    const dashed = `${key.length === 1 ? '-' : '--'}${key}`;
    return before.includes(dashed) && type !== 'array' ? [] : [[dashed, describe]];
  });
  return [...offered, HELP];
}

/** Words for a positional argument: only a first one has choices. */
function positional(command: Command): Completion[] {
  const [first] = Object.values(command.positionals);
  return first?.choices === undefined ? [] : words(first.choices);
}

function words(choices: string | readonly unknown[]): Completion[] {
  return [choices].flat().map((choice) => [String(choice), ''] as const);
}
