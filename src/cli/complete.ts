import { isRemote } from '../location.ts';
import { CATEGORIES } from '../state-dir/sections.ts';
import type { Command, CompletedBy } from './command.ts';
import { COMMANDS } from './commands.ts';
import { pathsIn, sectionsIn } from './complete-entries.ts';
import { previousOf } from './complete-previous.ts';
import type { Completion, CompletionKind } from './completion-protocol.ts';
import type { Terminal } from './terminal.ts';

/** What a shell offers. */
export interface Completions {
  kind: CompletionKind;
  words: readonly Completion[];
}

/**
 * What a shell offers for the last of `words` (what is typed of it, perhaps nothing).
 *
 * @param words after the name of the program, as the shell would give them to it
 * @param env names the state directory where the words do not
 */
export async function complete(words: readonly string[], env: Terminal['env'] = {}): Promise<Completions> {
  const { current, before, assigned } = lineOf(words);
  const { kind, words: candidates } = await candidatesFor(current, before, env);
  const fitting = candidates.filter(([word]) => word.startsWith(current));
  return { kind, words: fitting.map(([word, meaning]) => [assigned + word, meaning]) };
}

interface TypedLine {
  current: string;
  before: string[];
  /** What comes before the value in the same word: `--section=`. */
  assigned: string;
}

function lineOf(words: readonly string[]): TypedLine {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const [, option, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (option === undefined || value === undefined) return { current, before, assigned: '' };
  return { current: value, before: [...before, option], assigned: `${option}=` };
}

const NOTHING: Completions = { kind: 'words', words: [] };

function words(candidates: readonly Completion[]): Completions {
  return { kind: 'words', words: candidates };
}

async function candidatesFor(current: string, before: readonly string[], env: Terminal['env']): Promise<Completions> {
  const at = before.findIndex((word) => Object.hasOwn(COMMANDS, word));
  const name = before[at];
  const entry = name === undefined ? undefined : COMMANDS[name];
  if (entry === undefined) {
    if (current.startsWith('-')) return words([HELP, ['--version', 'The version of this program']]);
    return words(Object.entries(COMMANDS).map(([command, { describe }]) => [command, describe] as const));
  }
  const { command } = await entry.load();
  const { positionals, pending, isEnded } = argumentsOf(command, before.slice(at + 1));
  if (pending !== null) {
    const { choices, completes } = command.options[pending] ?? {};
    if (completes === 'previous') return words(await previousOf(stateDirIn(before), env));
    return choices === undefined ? valuesFor(completes, current, positionals) : words(choicesOf(choices));
  }
  if (current.startsWith('-') && !isEnded) return words(optionsOf(command, before));
  const places = Object.values(command.positionals);
  const last = places.at(-1);
  const place = places[positionals.length] ?? (last?.array === true ? last : undefined);
  if (place?.choices !== undefined) return words(choicesOf(place.choices));
  return valuesFor(place?.completes, current, positionals);
}

/** The state directory that a line names. */
function stateDirIn(before: readonly string[]): string | undefined {
  const at = before.lastIndexOf('--state-dir');
  const [, assigned] =
    /^--state-dir=(.*)$/s.exec(before.findLast((word) => word.startsWith('--state-dir=')) ?? '') ?? [];
  return assigned ?? (at < 0 ? undefined : before[at + 1]);
}

interface TypedArguments {
  positionals: string[];
  /** The option whose value is at the cursor. */
  pending: string | null;
  /** Whether `--` was typed: then no more options follow. */
  isEnded: boolean;
}

function argumentsOf({ options }: Command, typed: readonly string[]): TypedArguments {
  const positionals: string[] = [];
  let pending: string | null = null;
  let isEnded = false;
  for (const word of typed) {
    if (pending !== null) pending = null;
    else if (isEnded || word === '-' || !word.startsWith('-')) positionals.push(word);
    else if (word === '--') isEnded = true;
    else {
      const key = word.replace(/^--?/, '');
      const option = Object.hasOwn(options, key) ? options[key] : undefined;
      if (option !== undefined && option.type !== 'boolean') pending = key;
    }
  }
  return { positionals, pending, isEnded };
}

async function valuesFor(
  completes: CompletedBy | undefined,
  current: string,
  [snapshot]: readonly string[],
): Promise<Completions> {
  if (completes === undefined || isRemote(current)) return NOTHING;
  if (completes === 'sections') {
    const sections = snapshot === undefined ? [] : await sectionsIn(snapshot);
    return words((sections.length > 0 ? sections : CATEGORIES).map((name) => [name, ''] as const));
  }
  if (completes !== 'entries' && completes !== 'patterns' && completes !== 'previous')
    return { kind: completes, words: [] };
  if (snapshot === undefined) return NOTHING;
  const found = await pathsIn(snapshot, current, completes === 'patterns');
  return { kind: 'paths', words: found.map((path) => [path, ''] as const) };
}

const HELP: Completion = ['--help', 'What it does, its options, examples'];

function optionsOf(command: Command, before: readonly string[]): Completion[] {
  const offered = Object.entries(command.options).flatMap(([key, { describe = '', type }]): Completion[] => {
    const dashed = `${key.length === 1 ? '-' : '--'}${key}`;
    return before.includes(dashed) && type !== 'array' ? [] : [[dashed, describe]];
  });
  return [...offered, HELP];
}

function choicesOf(choices: string | readonly unknown[]): Completion[] {
  return [choices].flat().map((choice) => [String(choice), ''] as const);
}
