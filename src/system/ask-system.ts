import { spawnSync } from 'node:child_process';

/** What the PATH of cron lacks, and where macOS keeps `sysctl`, `scutil` and `lsof`. */
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const LARGEST_ANSWER = 256 * 2 ** 20;

export interface Answer {
  /** Null when the command did not end by itself. */
  status: number | null;
  stdout: string;
}

/**
 * What a command of the system prints, in English and in UTC; null when it is not there or cannot be started. Not for commands that
 * may wait for a disk or a network: it blocks this thread, for 30 seconds at the most.
 *
 * @param descriptor a file that the command gets as its descriptor 3
 */
export function askSystem(command: string, args: readonly string[], descriptor?: number): Answer | null {
  try {
    const { status, stdout, error } = spawnSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore', ...(descriptor === undefined ? [] : [descriptor])],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:${SYSTEM_PATH}`, LC_ALL: 'C', TZ: 'UTC' },
      timeout: 30_000,
      maxBuffer: LARGEST_ANSWER,
    });
    return error !== undefined && status === null && stdout === null ? null : { status, stdout: stdout ?? '' };
  } catch {
    // This process may not start others.
    return null;
  }
}
