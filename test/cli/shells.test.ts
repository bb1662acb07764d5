/** TAB in the shells themselves: what is typed, what the command gets. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { MAIN, Workbench } from './command-line.ts';

const PRESS_TAB = fileURLToPath(new URL('press-tab.py', import.meta.url));
const bench = new Workbench();
const ODD = `it's a "day" $HOME;&.json`;

beforeAll(async () => {
  for (const folder of ['bin', 'state/sessions', 'state/memory/facts', 'my backups', 'home'])
    mkdirSync(bench.path(folder), { recursive: true });
  for (const name of [
    'sessions/2f81.json',
    'sessions/31.json',
    `sessions/odd/${ODD}`,
    'sessions/telegram:4711.json',
    'memory/facts/日程.md',
    'new\nline',
  ]) {
    mkdirSync(bench.path('state', name, '..'), { recursive: true });
    writeFileSync(bench.path('state', name), name);
  }
  expect(await bench.run(['create', 'oxios.tar.gz', '--state-dir', 'state'])).toMatchObject({ status: 0 });
  copyFileSync(bench.path('oxios.tar.gz'), bench.path('my backups/mon day.tar.gz'));
  writeFileSync(bench.path('oxios.txt'), '');
  for (const name of ['state', 'state.replaced-20261122_033000']) mkdirSync(bench.path('home', name));
  // Answers the shell as the command does; of what is run it keeps the arguments.
  const arguments_ = `node -e 'fs.writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))' --`;
  writeFileSync(
    bench.path('bin/oxios-backup'),
    `#!/bin/sh
case $1 in --get-completions|completion) exec ${process.execPath} ${MAIN} "$@";; esac
${arguments_} "$OUT.part" "$@" && mv "$OUT.part" "$OUT"
`,
  );
  chmodSync(bench.path('bin/oxios-backup'), 0o755);
  writeFileSync(bench.path('home/.bashrc'), `PS1='READY>'\neval "$(oxios-backup completion bash)"\n`);
  writeFileSync(bench.path('home/.zshrc'), `PS1='READY>'\neval "$(oxios-backup completion zsh)"\n`);
  mkdirSync(bench.path('home/.config/fish'), { recursive: true });
  // Where this is missing, fish goes through all pages of man for it, and goes on when its shell has ended.
  mkdirSync(bench.path('home/fish/generated_completions'), { recursive: true });
  writeFileSync(
    bench.path('home/.config/fish/config.fish'),
    'function fish_prompt; echo -n "READY>"; end\noxios-backup completion fish | source\n',
  );
});

const SHELLS: Record<string, string[]> = {
  bash: ['bash', '-i'],
  zsh: ['zsh', '-i'],
  fish: ['fish', '-i'],
};

/** What is completed, what is typed (a tab is one), and the arguments that the command gets. */
const CASES: [what: string, typed: string, got: string[]][] = [
  ['a command', 'verif\t', ['verify']],
  ['a snapshot', 'show oxi\t', ['show', 'oxios.tar.gz']],
  ['a snapshot in a folder, both with a space', 'show my\tmon\t', ['show', 'my backups/mon day.tar.gz']],
  ['a directory for an option', 'create --state-dir sta\t', ['create', '--state-dir', 'state/']],
  ['a section', 'restore oxios.tar.gz --section memory/\t', ['restore', 'oxios.tar.gz', '--section', 'memory/facts']],
  ['a path in a snapshot', 'cat oxios.tar.gz sess\t2f\t', ['cat', 'oxios.tar.gz', 'sessions/2f81.json']],
  [
    'a path in one of which the name has a space',
    'cat my\\ backups/mon\\ day.tar.gz sessions/3\t',
    ['cat', 'my backups/mon day.tar.gz', 'sessions/31.json'],
  ],
  ['an odd path', 'cat oxios.tar.gz sessions/odd/\t', ['cat', 'oxios.tar.gz', `sessions/odd/${ODD}`]],
  ['a path beyond ASCII', 'list oxios.tar.gz memory/facts/\t', ['list', 'oxios.tar.gz', 'memory/facts/日程.md']],
  [
    'a path for an option',
    'restore oxios.tar.gz --path sessions/2\t',
    ['restore', 'oxios.tar.gz', '--path', 'sessions/2f81.json'],
  ],
  ['a path with a colon', 'cat oxios.tar.gz sessions/te\t', ['cat', 'oxios.tar.gz', 'sessions/telegram:4711.json']],
  [
    'a path after its colon',
    'cat oxios.tar.gz sessions/telegram:4\t',
    ['cat', 'oxios.tar.gz', 'sessions/telegram:4711.json'],
  ],
  [
    'a value after an equals sign',
    'restore oxios.tar.gz --section=mem\t',
    ['restore', 'oxios.tar.gz', '--section=memory/facts'],
  ],
  ['a path in quotes', "cat oxios.tar.gz 'sessions/3\t", ['cat', 'oxios.tar.gz', 'sessions/31.json']],
  [
    'a previous state',
    'undo --state-dir home/state --to 2\t',
    ['undo', '--state-dir', 'home/state', '--to', '20261122_033000'],
  ],
  ['nothing in object storage', 'show s3://buck\t', ['show', 's3://buck']],
  ['nothing, and no error, in what is no snapshot', 'cat oxios.txt sess\t', ['cat', 'oxios.txt', 'sess']],
];

/** Types lines, and Enter after each. @returns for each the arguments that the command got, and what was to be seen */
async function typeLines(shell: string, lines: readonly string[]): Promise<{ got: string[]; seen: string }[]> {
  const out = bench.path(`${shell}.json`);
  const { stdout } = await execa('python3', [PRESS_TAB, out, JSON.stringify(lines), ...(SHELLS[shell] ?? [])], {
    cwd: bench.root,
    env: {
      HOME: bench.path('home'),
      ZDOTDIR: bench.path('home'),
      XDG_CONFIG_HOME: bench.path('home/.config'),
      XDG_DATA_HOME: bench.path('home'),
      OUT: out,
      PATH: `${bench.path('bin')}:${process.env.PATH}`,
      TERM: 'xterm',
      LC_ALL: 'C.UTF-8',
    },
  });
  return JSON.parse(stdout);
}

it.each(Object.keys(SHELLS).filter((shell) => spawnSync(shell, ['--version']).status === 0))(
  'TAB in %s completes all that the command knows, quotes it, and writes no errors into the line',
  async (shell) => {
    const results = await typeLines(
      shell,
      CASES.map(([, typed]) => `oxios-backup ${typed}`),
    );
    const bare = (word: string) => word.replace(/\/$/, '');
    for (const [at, [what, , expected]] of CASES.entries()) {
      const { got = [], seen = '' } = results[at] ?? {};
      expect(got.map(bare), `${what}: ${seen}`).toEqual(expected.map(bare));
      expect(seen).not.toMatch(/Error|not found|oxios-backup: /);
    }
  },
);
