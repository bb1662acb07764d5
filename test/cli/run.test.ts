import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/run.ts';
import type { OutputStream, Terminal } from '../../src/cli/terminal.ts';
import { TempDir } from '../workroom.ts';
import { Sheet } from './sheet.ts';
import { writeSmallState } from './small-state.ts';

const room = new TempDir();

interface Ran {
  status: number;
  out: string;
  err: string;
}

async function run(
  argv: string[],
  parts: Partial<Terminal> & { stdout?: OutputStream; signal?: AbortSignal } = {},
): Promise<Ran> {
  const [out, err] = [new Sheet(), new Sheet()];
  const { signal = new AbortController().signal, ...rest } = parts;
  const terminal: Terminal = { stdin: Readable.from([]), stdout: out, stderr: err, env: {}, ...rest };
  const status = await runCommandLine(argv, terminal, signal);
  return { status, out: out.text, err: err.text };
}

describe('what a shell sees', () => {
  it('help and version are results', async () => {
    expect(await run(['--help'])).toMatchObject({ status: 0, err: '', out: expect.stringMatching(/^Usage: /) });
    expect(await run(['create', '--help'])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/create \[output\]/),
    });
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  it('wrong usage ends in 2, with where to look', async () => {
    expect(await run(['restore'])).toEqual({
      status: 2,
      out: '',
      err: 'oxios-backup: an argument is missing: oxios-backup restore <snapshot>\n  See: oxios-backup restore --help\n',
    });
    expect((await run([])).err).toContain('See: oxios-backup --help');
  });

  it('an interrupted command ends in the status of its signal', async () => {
    writeSmallState(room.path('state'));
    const aborted = AbortSignal.abort({ exitStatus: 143 });
    const { status, err } = await run(['create', room.path('x.tar.gz'), '--state-dir', room.path('state')], {
      signal: aborted,
    });
    expect(status).toBe(143);
    expect(err.split('\n')).toHaveLength(3);
  });

  it('a snapshot is not for a terminal', async () => {
    const stdout = new Sheet();
    stdout.isTTY = true;
    const { status, err } = await run(['create', '-'], { stdout });
    expect(status).toBe(2);
    expect(err).toMatch(/standard output is a terminal/);
    expect(stdout.text).toBe('');
  });
});

describe('standard output that fails', () => {
  it('is no error when the reader had enough, but no success', async () => {
    expect(await run(['--help'], { stdout: new Sheet('EPIPE') })).toMatchObject({ status: 1, err: '' });
  });

  it('is an error otherwise', async () => {
    const { status, err } = await run(['--help'], { stdout: new Sheet('ENOSPC') });
    expect(status).toBe(1);
    expect(err).toMatch(/^oxios-backup: could not write to standard output: write ENOSPC\n {2}/);
  });
});

describe('an error that nobody foresaw', () => {
  const env = {
    get OXIOS_STATE_DIR(): string {
      throw new TypeError('x is not a function');
    },
  };

  it('is called a bug, and is still two lines', async () => {
    const { status, err } = await run(['create'], { env });
    expect(status).toBe(1);
    expect(err).toMatch(/^oxios-backup: unexpected error: x is not a function\n {2}.*bug.*DEBUG=oxios-backup.*\n$/);
  });

  it('shows where, to who wants to know', async () => {
    const { err } = await run(['create'], {
      env: Object.defineProperty(
        { DEBUG: 'oxios-backup' },
        'OXIOS_STATE_DIR',
        Object.getOwnPropertyDescriptor(env, 'OXIOS_STATE_DIR') ?? {},
      ),
    });
    expect(err).toMatch(/^TypeError: x is not a function\n +at /);
  });
});
