import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT_STATUS } from '../../src/cli/exit-status.ts';
import { answer } from '../../src/cli/help.ts';
import { parse } from '../../src/cli/parse.ts';

const NAMES = Object.keys(COMMANDS);

async function argsOf(...argv: string[]): Promise<Record<string, unknown>> {
  const parsed = await parse(argv);
  if (parsed.kind !== 'command') throw new Error(JSON.stringify(parsed));
  return parsed.args;
}

async function complaintOf(...argv: string[]): Promise<string> {
  const parsed = await parse(argv);
  if (parsed.kind !== 'wrong') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

async function textOf(...argv: string[]): Promise<string> {
  return (await answer(argv)) ?? expect.fail('no answer');
}

describe('what an unset variable leaves behind', () => {
  it.each(NAMES)('is refused as the value of every option and argument: %s', async (name) => {
    const { command } = await (COMMANDS[name]?.load() ?? expect.fail());
    const needed = Object.entries(command.positionals).flatMap(([, { demandOption, choices }]) =>
      demandOption ? [String(choices?.[0] ?? 'x')] : [],
    );
    for (const [key, { type, implies }] of Object.entries(command.options)) {
      const flag = `${key.length === 1 ? '-' : '--'}${key}`;
      if (type === 'boolean') {
        const implied = implies === undefined ? [] : [`--${String(implies)}`];
        for (const value of ['', 'yes', 'TRUE', '0', 'maybe']) {
          const complaint = await complaintOf(name, ...needed, ...implied, `${flag}=${value}`);
          if (key.length > 1) expect(complaint).toBe(`--${key} takes no value`);
        }
        continue;
      }
      for (const words of [[flag, ''], [`${flag}=`]])
        expect(await complaintOf(name, ...needed, ...words)).toContain(key);
    }
    for (const [at, [key, { choices }]] of Object.entries(command.positionals).entries()) {
      const words = [...needed.slice(0, at), '', ...needed.slice(at + 1)];
      expect(await complaintOf(name, ...words)).toContain(choices === undefined ? `${key} must not be empty` : key);
    }
  });

  it('leaves a flag that says true or false as it is', async () => {
    expect((await argsOf('restore', 's', '--dry-run=true'))['dry-run']).toBe(true);
    expect((await argsOf('restore', 's', '--dry-run=false'))['dry-run']).toBe(false);
  });
});

describe('arguments', () => {
  it('keeps a dash, which means a pipe', async () => {
    expect((await argsOf('restore', '-')).snapshot).toBe('-');
    expect((await argsOf('create', '-', '--level', '9')).output).toBe('-');
  });

  it('takes what follows -- for names, whatever they begin with', async () => {
    const args = await argsOf('list', '--json', '--', '-x.tar.gz', '--json', 'sessions');
    expect(args).toMatchObject({ json: true, snapshot: '-x.tar.gz', patterns: ['--json', 'sessions'] });
    expect((await argsOf('show', '--', '--help')).snapshot).toBe('--help');
  });

  it('does not take names for numbers, nor names of commands for commands', async () => {
    expect((await argsOf('list', '0123', '1e3')).patterns).toEqual(['1e3']);
    expect((await argsOf('list', '0123', '1e3')).snapshot).toBe('0123');
    expect((await argsOf('restore', '--state-dir', 'create', 'verify')).snapshot).toBe('verify');
  });

  it('collects what may be repeated, one value each', async () => {
    expect((await argsOf('create', '--exclude', '*.log', 'out', '--exclude=a b')).exclude).toEqual(['*.log', 'a b']);
    expect((await argsOf('restore', 's', '--section', 'sessions', '--path', 'x')).section).toEqual(['sessions']);
  });
});

describe('wrong usage', () => {
  const cases: [string, string[], RegExp][] = [
    ['no command', [], /^which command\?$/],
    ['a misspelt command', ['crate'], /^there is no command "crate"; did you mean create\?$/],
    ['an unknown command', ['frobnicate'], /frobnicate/],
    ['a command of two letters', ['rm', 'x'], /^there is no command "rm"$/],
    ['-o', ['create', '-o', 's'], /^there is no option -o: files are named without .* oxios-backup create \[output\]$/],
    ['--file', ['create', '--file=s'], /^there is no option --file: .* oxios-backup create \[output\]$/],
    ['-f', ['verify', '-f', 's'], /^there is no option -f: .* oxios-backup verify <snapshots\.\.>$/],
    ['-o of what writes no file', ['restore', 's', '-o', 'there'], /^there is no option -o$/],
    ['a misspelt option', ['list', 's', '--srot', 'size'], /^there is no option --srot; did you mean --sort\?$/],
    [
      'a misspelt choice',
      ['list', 's', '--sort', 'szie'],
      /^--sort takes name, size or time, not "szie"; did you mean size\?$/,
    ],
    ['an unknown option', ['create', '--bogus'], /bogus/],
    ['an unknown short option', ['list', 's', '-x'], /x/],
    ['a negated option', ['create', '--no-force'], /no-force/],
    ['too many names', ['restore', 'a', 'b'], /b/],
    ['a name too few', ['restore'], /^an argument is missing: oxios-backup restore <snapshot>$/],
    ['an option without the one that it needs', ['restore', 'x', '--verified'], /^--verified needs --latest$/],
    ['a value too few', ['create', '--level'], /--level needs a value/],
    ['a level out of range', ['create', '--level', '10'], /^--level takes a whole number from 1 to 9$/],
    ['a level that is no number', ['create', '--level', 'x'], /^--level takes a whole number/],
    ['threads that are none', ['verify', 's', '--threads', '0'], /^--threads takes a whole number/],
    [
      'a value that is not offered',
      ['restore', 's', '--external-links', 'x'],
      /^--external-links takes keep or skip, not "x"$/,
    ],
    ['options that exclude each other', ['restore', 's', '--replace', '--merge'], /exclude each other/],
    ['an output and a folder', ['create', 'x', '--to', 'y'], /exclude each other/],
    ['a salvage into a state directory', ['restore', 's', '--salvage', 'd', '--replace'], /exclude each other/],
    ['events without JSON', ['create', '--progress'], /^--progress needs --json$/],
    ['an option given twice', ['create', '--to', 'a', '--to', 'b'], /^--to can be given only once$/],
  ];
  it.each(cases)('%s: one line that names it', async (_name, argv, expected) => {
    const message = await complaintOf(...argv);
    expect(message).toMatch(expected);
    expect(message).not.toMatch(/\n|\0/);
  });
});

describe('help', () => {
  it('has a line for every command and every exit status', async () => {
    const help = await textOf('--help');
    for (const name of NAMES) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const meaning of Object.values(EXIT_STATUS)) expect(help).toContain(meaning);
  });

  it.each([[''], ...NAMES.map((name) => [name])])('fits a screen: %s', async (name) => {
    const lines = (await textOf(...(name === '' ? [] : [name]), '--help')).split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it.each(NAMES)('shows every option, and gives examples that parse: %s', async (name) => {
    const { command } = await (COMMANDS[name]?.load() ?? expect.fail());
    const help = await textOf(name, '--help');
    for (const key of Object.keys(command.options)) expect(help).toContain(`${key.length === 1 ? '-' : '--'}${key}`);
    // How a shell is set up is a note.
    expect(command.examples.length + (command.note === undefined ? 0 : 1)).toBeGreaterThan(0);
    for (const [line] of command.examples) {
      const words =
        line
          .split(/ [<>|]/)[0]
          ?.split(' ')
          .map((word) => word.replaceAll("'", '')) ?? [];
      expect(await parse(words)).toMatchObject({ kind: 'command', name });
    }
  });

  it.each(['--version', '-v', 'version'])('shows its version: %s', async (word) => {
    expect(await textOf(word)).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('is given by -h and help too', async () => {
    expect(await textOf('-h')).toBe(await textOf('--help'));
    expect(await textOf('help')).toBe(await textOf('--help'));
    for (const words of [
      ['help', 'create'],
      ['create', '-h'],
      ['-h', 'create'],
    ])
      expect(await textOf(...words)).toBe(await textOf('create', '--help'));
  });
});
