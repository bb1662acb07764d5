import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import { TempDir } from '../workroom.ts';

/** The command as it is installed. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Of a run only what a shell would see. */
export interface Run {
  status: number | undefined;
  out: string;
  err: string;
}

/** A folder of its own, and the command run in it as a process. */
export class Workbench extends TempDir {
  async run(args: readonly string[], options: Options = {}): Promise<Run> {
    const { exitCode, stdout, stderr } = await this.start(args, options);
    return { status: exitCode, out: String(stdout), err: String(stderr) };
  }

  /** The same, while it runs. */
  start(args: readonly string[], options: Options = {}) {
    return execa(process.execPath, [MAIN, ...args], {
      cwd: this.root,
      reject: false,
      ...options,
      env: { OXIOS_VERSION: '0.3.0', OXIOS_STATE_DIR: undefined, DEBUG: '', ...options.env },
    });
  }

  /** Runs a line of shell in the folder; `$b` is the command. */
  async shell(line: string): Promise<Run> {
    const { exitCode, stdout, stderr } = await execa('bash', ['-c', `b="${process.execPath} ${MAIN}"; ${line}`], {
      cwd: this.root,
      reject: false,
      env: { OXIOS_VERSION: '0.3.0', OXIOS_STATE_DIR: undefined },
    });
    return { status: exitCode, out: stdout, err: stderr };
  }
}

/** The last line as JSON. */
export function lastJson(text: string): Record<string, unknown> {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
}
