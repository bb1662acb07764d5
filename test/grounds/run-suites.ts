import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const VITEST = join(PROJECT, 'node_modules/vitest/vitest.mjs');

export interface Ground {
  /** Variables that the suites are run with: `OXIOS_TEST_FOLDER`, `LD_PRELOAD`, … */
  environment: Record<string, string>;
  /** Makes of a command line one that runs it there. Default: as it is. */
  wrap?: (argv: readonly string[]) => [string, ...string[]];
  /** Configuration of vitest, below test/grounds. Default: that of the project. */
  config?: string;
}

export interface Suites {
  /** Test files, below test/. */
  files: readonly string[];
  /** Only tests whose whole name this pattern finds. */
  only?: string;
}

interface Report {
  testResults: {
    name: string;
    message: string;
    status: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/**
 * Runs test files once more, in a group of processes of their own, on other ground; fails with what fails there.
 *
 * @param signal ends it; however it ends, nothing of the group is left that could hold the ground
 * @returns how many tests passed
 */
export async function runSuites(
  { files, only }: Suites,
  { environment, wrap, config }: Ground,
  signal: AbortSignal,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'oxios-suites-'));
  const output = join(folder, 'report.json');
  const named = files.map((file) => `test/${file}`);
  const filter = only === undefined ? [] : ['-t', only];
  const configured = config === undefined ? [] : ['--root', PROJECT, '--config', join(PROJECT, 'test/grounds', config)];
  const reported = ['--reporter=json', `--outputFile=${output}`];
  const argv = [process.execPath, VITEST, 'run', ...configured, ...reported, ...filter, ...named];
  const [command, ...words] = wrap?.(argv) ?? (argv as [string, ...string[]]);
  const running = execa(command, words, {
    cwd: PROJECT,
    env: { ...inherited(), ...environment },
    extendEnv: false,
    reject: false,
    all: true,
    stdin: 'ignore',
    detached: true,
  });
  const end = () => endGroup(running.pid);
  const endAll = () => {
    end();
    // As it would have ended without this.
    process.kill(process.pid, 'SIGTERM');
  };
  process.once('exit', end);
  process.once('SIGTERM', endAll);
  signal.addEventListener('abort', end);
  try {
    const { all } = await running;
    const { testResults } = JSON.parse(readReport(output, all)) as Report;
    expect(testResults.map(({ name }) => relative(join(PROJECT, 'test'), name)).sort()).toEqual([...files].sort());
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = results.filter(({ status }) => status === 'failed');
    const failures = failed.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join('; ')}`);
    const broken = testResults.filter(({ status, message }) => status === 'failed' && message !== '');
    expect([...failures, ...broken.map(({ name, message }) => `${name}: ${message}`)]).toEqual([]);
    return results.filter(({ status }) => status === 'passed').length;
  } finally {
    process.off('exit', end);
    process.off('SIGTERM', endAll);
    signal.removeEventListener('abort', end);
    end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // None of it is left.
  }
}

/** The environment without what the running vitest tells its own threads. */
function inherited(): Record<string, string | undefined> {
  const ours = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|VITE_|TEST$|NODE_ENV$)/.test(name));
  return Object.fromEntries(ours);
}

function readReport(path: string, said: string | undefined): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Error(`the suites ended without a report: ${said}`);
  }
}
