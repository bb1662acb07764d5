import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** How each program tells its version. */
const VERSION_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  bash: ['--version'],
  tar: ['--version'],
  gzip: ['--version'],
  pigz: ['--version'],
  bsdtar: ['--version'],
  zstd: ['--version'],
  restic: ['version'],
  borg: ['--version'],
  rclone: ['version'],
  python3: ['--version'],
  strace: ['--version'],
};

const versions = new Map<string, string | undefined>();

/** The version of a program, its first line as it prints it; `undefined` if it is not on the PATH. */
function programVersion(program: string): string | undefined {
  if (!versions.has(program)) versions.set(program, askVersion(program));
  return versions.get(program);
}

/** Those of the programs that are not on the PATH. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter((program) => programVersion(program) === undefined);
}

/** All programs that the bench knows, with the versions of those that are here. */
export function allProgramVersions(): Record<string, string> {
  const found = Object.keys(VERSION_ARGUMENTS).map(
    (program) => [program, programVersion(program) ?? 'absent'] as const,
  );
  return Object.fromEntries(found);
}

function askVersion(program: string): string | undefined {
  const isThere = (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => isExecutable(path.join(folder, program)));
  if (!isThere) return undefined;
  const { stdout, stderr, status } = spawnSync(program, VERSION_ARGUMENTS[program] ?? ['--version'], {
    encoding: 'utf8',
  });
  // A shim on the PATH may stand for a program that is not there (pyenv).
  if (status !== 0) return undefined;
  return (stdout || stderr).trim().split('\n')[0];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
