import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { COMMAND_WORDS, commandHint } from '../../../src/cli/text/command-hint.ts';
import * as api from '../../../src/index.ts';

const SOURCE = fileURLToPath(new URL('../../../src/', import.meta.url));

/** Flags and commands of other programs, which the library runs or names. */
const FOREIGN = [/systemctl --user/g, /started with --permission/g, /--allow-…/g, /\['--(?:version|get)'/g];

/** What a process that waits for a lock is told of the one that holds it. */
const PURPOSE = /acquireStateLock\(|withLock\(/;

const library = (readdirSync(SOURCE, { recursive: true }) as string[])
  .filter((name) => name.endsWith('.ts') && !name.startsWith('cli/'))
  .map((name) => ({ name, code: withoutComments(readFileSync(SOURCE + name, 'utf8')) }));

function withoutComments(source: string): string {
  return source.replace(/^\s*(?:\/\*\*[^\n]*\*\/|\/\*\*.*?\*\/|\/\/[^\n]*)$/gms, '');
}

/** Names in backticks within the strings of a line: those of template strings are escaped. */
function apiWords(code: string): string[] {
  return code.split('\n').flatMap((line) => {
    const plain = [...line.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)]
      .map(([, single, double]) => single ?? double ?? '')
      .flatMap((text) => [...text.matchAll(/`([^`]+)`/g)]);
    return [...plain, ...line.matchAll(/\\`([^`\\]+)\\`/g)].map(([, word = '']) => word);
  });
}

const words = new Set(library.flatMap(({ code }) => apiWords(code)));

describe('the library', () => {
  test('names no flag and no command in what it says', () => {
    const named = library.flatMap(({ name, code }) =>
      code
        .split('\n')
        .filter((line) => !PURPOSE.test(line))
        .map((line) => FOREIGN.reduce((rest, known) => rest.replace(known, ''), line))
        .filter((line) =>
          /['"`][^'"]*(?:^|[^\w-])--[a-z]|oxios-backup (?:create|restore|list|snapshots|verify|undo|recover)\b/.test(
            line,
          ),
        )
        .map((line) => `${name}: ${line.trim()}`),
    );
    expect(named).toEqual([]);
  });

  test('names options and functions that there are', () => {
    expect(words.size).toBeGreaterThan(20);
    for (const word of words) {
      const [, called] = /^(\w+)\(\)$/.exec(word) ?? [];
      if (called !== undefined) expect(Object.keys(api)).toContain(called);
    }
  });
});

describe('the command', () => {
  test('has a word for each of them, and no word besides', () => {
    expect([...words].filter((word) => !COMMAND_WORDS.has(word))).toEqual([]);
    expect([...COMMAND_WORDS.keys()].filter((word) => !words.has(word))).toEqual([]);
  });

  test('names flags and commands that there are', async () => {
    const commands = await Promise.all(Object.values(COMMANDS).map(({ load }) => load()));
    const flags = commands.flatMap(({ command }) => Object.keys(command.options));
    for (const [word, said] of COMMAND_WORDS) {
      expect(commandHint(`Use \`${word}\`.`)).toBe(`Use ${said}.`);
      const [, command] = /oxios-backup ([a-z]+)/.exec(said) ?? [];
      if (command !== undefined) expect(Object.keys(COMMANDS)).toContain(command);
      for (const [, flag] of said.matchAll(/--([a-z-]+)/g)) expect(flags).toContain(flag);
      expect(/oxios-backup|--/.test(said), said).toBe(true);
    }
  });
});
