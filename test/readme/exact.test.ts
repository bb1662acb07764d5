/** What the README says of the command, against the command. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT_STATUS } from '../../src/cli/exit-status.ts';
import { PAGES, PROJECT, README } from './blocks.ts';
import { headingsOf, linksOf } from './markdown.ts';

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
function mentions(page: string): Mention[] {
  const blocks = [...page.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const spans = [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  const calls = [...blocks, ...spans].flatMap((text) =>
    [...text.replace(/#.*$/gm, '').matchAll(/oxios-backup(?!-)[ \t]+([^|&;\n]+)/g)].map(([, words = '']) => words),
  );
  const short = spans.filter((span) => commandsInHelp.includes(span.split(' ')[0] ?? ''));
  const inTables = [...page.matchAll(/^\|.*\|$/gm)].flatMap(([row]) =>
    [...row.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
  );
  return [...calls, ...short, ...inTables]
    .map((words) => ({ command: words.split(/\s/)[0] ?? '', words }))
    .filter(({ command }) => /^[a-z]/.test(command) && command !== 'help');
}

describe('the README', () => {
  test('has the table of exit statuses that the command has', () => {
    const rows = [...README.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, status, meaning]) => [status, meaning]);
    expect(rows).toEqual(Object.entries(EXIT_STATUS));
  });

  test('mentions every command, and no other', () => {
    const named = new Set(mentions(README).map(({ command }) => command));
    expect([...named].sort()).toEqual([...commandsInHelp].sort());
  });

  test('names the folders of src, where it says what lies where', () => {
    const named = [...(PAGES.get('docs/contributing.md') ?? '').matchAll(/^ {2}([a-z-]+)\/ /gm)].map(
      ([, name]) => name,
    );
    const folders = readdirSync(join(PROJECT, 'src'), { withFileTypes: true }).filter((each) => each.isDirectory());
    expect(named.sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  test.each([...PAGES])('%s gives commands no options that they do not have', (_path, page) => {
    const wrong = mentions(page).flatMap(({ command, words }) =>
      flagsIn(words)
        .filter((flag) => flagsOf.get(command)?.has(flag) === false)
        .map((flag) => `${NAME} ${command}: ${flag}`),
    );
    expect(wrong).toEqual([]);
    // An option on its own is that of some command.
    const alone = [...page.matchAll(/`(--[a-z-]+)/g)].map(([, flag = '']) => flag);
    const all = new Set([...flagsOf.values()].flatMap((flags) => [...flags]));
    expect(alone.filter((flag) => !all.has(flag))).toEqual([]);
  });

  const LINKING = [
    ...PAGES.keys(),
    'src/format/SNAPSHOT-FORMAT.md',
    'src/format/SNAPSHOT-EXAMPLE.md',
    'src/cli/OUTPUT.md',
  ];
  test.each(LINKING)('%s: links lead somewhere', (file) => {
    const lost = linksOf(readFileSync(join(PROJECT, file), 'utf8')).filter((link) => {
      const [to = '', anchor] = link.split('#');
      const target = to === '' ? file : normalize(join(dirname(file), to));
      if (!existsSync(join(PROJECT, target))) return true;
      return anchor !== undefined && !headingsOf(readFileSync(join(PROJECT, target), 'utf8')).includes(anchor);
    });
    expect(lost).toEqual([]);
  });
});
