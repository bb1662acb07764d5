import { chmodSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { complete } from '../../src/cli/complete.ts';
import { MAIN, Workbench } from './command-line.ts';

async function words(...line: string[]): Promise<string[]> {
  return (await complete(line)).map(([word]) => word);
}

describe('what could be typed', () => {
  it('is a command first', async () => {
    expect(await words('')).toEqual(Object.keys(COMMANDS));
    expect(await words('re')).toEqual(['restore', 'recover']);
    expect(await words('--v')).toEqual(['--version']);
  });

  it('is an option of the command, once it begins with a dash', async () => {
    expect(await words('restore', '--s')).toEqual([
      '--state-dir',
      '--source',
      '--section',
      '--same-owner',
      '--salvage',
    ]);
    expect(await words('list', 'x', '-')).toContain('-l');
    expect(await words('restore', 's', '--section', 'memory/f')).toEqual(['memory/facts']);
    expect(await words('create', '--force', '--f')).toEqual([]);
    expect(await words('create', '--exclude', 'x', '--ex')).toEqual(['--exclude']);
  });

  it('is a value where there are only some', async () => {
    expect(await words('restore', 's', '--external-links', '')).toEqual(['keep', 'skip']);
    expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('is a file name otherwise', async () => {
    expect(await words('restore', '')).toEqual([]);
    expect(await words('create', '--state-dir', '')).toEqual([]);
    expect(await words('create', '--', '--f')).toEqual([]);
  });

  it('comes with what it means', async () => {
    expect(await complete(['rec'])).toEqual([['recover', COMMANDS.recover?.describe]]);
  });
});

describe('bash', () => {
  const bench = new Workbench();
  beforeAll(() => {
    writeFileSync(bench.path('oxios-backup'), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
    chmodSync(bench.path('oxios-backup'), 0o755);
    writeFileSync(bench.path('monday.tar.gz'), '');
  });

  /** Sources the script and asks it as bash does when the tab key is pressed. */
  async function press(...line: string[]): Promise<string[]> {
    const script = `
      source <(oxios-backup completion bash)
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      $(complete -p oxios-backup | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execa('bash', ['-c', script, 'bash', ...line], {
      cwd: bench.root,
      env: { PATH: `${bench.root}:${process.env.PATH}` },
    });
    return stdout.split('\n').filter((word) => word !== '');
  }

  it('completes commands, options and values', async () => {
    expect(await press('oxios-backup', 'ver')).toEqual(['verify']);
    expect(await press('oxios-backup', 'create', '--st')).toEqual(['--state-dir']);
    expect(await press('oxios-backup', 'list', 'x', '--sort', 's')).toEqual(['size']);
  });

  it('leaves file names to bash', async () => {
    expect(await press('oxios-backup', 'restore', 'mon')).toEqual([]);
    const { stdout } = await execa('bash', ['-c', 'source <(oxios-backup completion bash); complete -p oxios-backup'], {
      env: { PATH: `${bench.root}:${process.env.PATH}` },
    });
    expect(stdout).toContain('-o default');
  });
});
