/** What the README says of the command, against the command. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT_STATUS } from '../../src/errors.ts';
import { PROJECT, README } from './blocks.ts';

const NAME = 'oxios-backup';

function help(...words: string[]): string {
  const { status, stdout } = spawnSync(process.execPath, [join(PROJECT, 'dist/main.js'), ...words, '--help'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout;
}

/** `--flags` and `-f`lags in a text. */
const flagsIn = (text: string): string[] => [...text.matchAll(/(?<=^|[\s,`(])--?[a-z][a-z-]*/g)].map(([flag]) => flag);

const commandsInHelp = [...help().matchAll(/^ {2}([a-z]+)(?: [<[]| {2})/gm)].map(([, command = '']) => command);
const flagsOf = new Map<string, Set<string>>();
for (const command of commandsInHelp) {
  flagsOf.set(command, new Set([...flagsIn(help(command)), '--help']));
}

interface Mention {
  command: string;
  words: string;
}

/** Every call of the command in code: in a block, whole; between words and in tables, also without its name (`create --dry-run`). */
function mentions(): Mention[] {
  const blocks = [...README.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const spans = [...README.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  const calls = [...blocks, ...spans].flatMap((text) =>
    [...text.replace(/#.*$/gm, '').matchAll(/oxios-backup(?!-)[ \t]+([^|&;\n]+)/g)].map(([, words = '']) => words),
  );
  const short = spans.filter((span) => commandsInHelp.includes(span.split(' ')[0] ?? ''));
  const inTables = [...README.matchAll(/^\|.*\|$/gm)].flatMap(([row]) =>
    [...row.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
  );
  return [...calls, ...short, ...inTables]
    .map((words) => ({ command: words.split(/\s/)[0] ?? '', words }))
    .filter(({ command }) => /^[a-z]/.test(command));
}

describe('the README', () => {
  test('has the table of exit statuses that the command has', () => {
    const rows = [...README.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, status, meaning]) => [status, meaning]);
    expect(rows).toEqual(Object.entries(EXIT_STATUS));
  });

  test('mentions every command, and no other', () => {
    const named = new Set(mentions().map(({ command }) => command));
    expect([...named].sort()).toEqual([...commandsInHelp].sort());
  });

  test('gives commands no options that they do not have', () => {
    const wrong = mentions().flatMap(({ command, words }) =>
      flagsIn(words)
        .filter((flag) => flagsOf.get(command)?.has(flag) === false)
        .map((flag) => `${NAME} ${command}: ${flag}`),
    );
    expect(wrong).toEqual([]);
    // An option on its own is that of some command.
    const alone = [...README.matchAll(/`(--[a-z-]+)/g)].map(([, flag = '']) => flag);
    const all = new Set([...flagsOf.values()].flatMap((flags) => [...flags]));
    expect(alone.filter((flag) => !all.has(flag))).toEqual([]);
  });

  test.each(['README.md', 'src/format/SNAPSHOT-FORMAT.md', 'src/cli/OUTPUT.md'])('%s: links lead somewhere', (file) => {
    const text = readFileSync(join(PROJECT, file), 'utf8');
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));
    const links = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
    const lost = links.filter((to) => {
      if (/^https?:/.test(to)) return false;
      if (to.startsWith('#')) return !headings.includes(to.slice(1));
      return !existsSync(join(PROJECT, dirname(file), to.replace(/#.*$/, '')));
    });
    expect(lost).toEqual([]);
  });
});

/** As GitHub makes one of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');
}
