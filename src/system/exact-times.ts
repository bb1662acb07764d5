import { spawnSync } from 'node:child_process';
import { lutimesSync } from 'node:fs';
import { splitTime } from '../format/entry.ts';
import { type BytePath, bytePath } from './byte-path.ts';
import { CUTS_TO_MICROSECONDS, utimesTime } from './entry-time.ts';
import { HERE } from './platform.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** What Node.js sets exactly: multiples of this. */
const EXACT_STEP_NS = CUTS_TO_MICROSECONDS ? 1000n : NS_PER_SECOND;
const LINES_PER_SHELL = 2000;

export interface TimedPath {
  path: string | BytePath;
  /** Modification time in nanoseconds since 1970. */
  mtimeNs: bigint;
}

function decimalSeconds(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? '-' : ''}${size / NS_PER_SECOND}.${String(size % NS_PER_SECOND).padStart(9, '0')}`;
}

function shellQuoted(path: BytePath): Buffer {
  return Buffer.from(`'${path.toString('latin1').replaceAll("'", `'\\''`)}'`, 'latin1');
}

/**
 * Sets modification times, of links themselves and not what they point to.
 *
 * Node.js hands times to the system as floating seconds. Where that changes the nanoseconds, `touch` (coreutils) sets them; where there is
 * none, the time is right to the microsecond.
 */
export function setMtimes(items: readonly TimedPath[]): void {
  for (const { path, mtimeNs } of items) {
    const seconds = utimesTime(splitTime(mtimeNs));
    lutimesSync(path, seconds, seconds);
  }
  if (!HERE.touchSetsNanoseconds) return;
  // A path goes through the standard input of a shell and not as an argument: Node's arguments are UTF-8, names need not be.
  const lines = items
    .filter(({ mtimeNs }) => mtimeNs % EXACT_STEP_NS !== 0n)
    .map(({ path, mtimeNs }) =>
      Buffer.concat([
        Buffer.from(`touch -h -m -d @${decimalSeconds(mtimeNs)} -- `),
        shellQuoted(bytePath(path)),
        Buffer.from('\n'),
      ]),
    );
  for (let start = 0; start < lines.length; start += LINES_PER_SHELL) {
    const script = Buffer.concat(lines.slice(start, start + LINES_PER_SHELL));
    try {
      spawnSync('sh', ['-s'], { input: script, stdio: ['pipe', 'ignore', 'ignore'] });
    } catch {
      // Node may start no programs (--permission): times are right to the microsecond.
      return;
    }
  }
}
