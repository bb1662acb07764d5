import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { askSystem } from './ask-system.ts';
import { attempt } from './attempt.ts';
import { HERE, type Platform } from './platform.ts';

// What the system shows about processes: by /proc on Linux, by ps(1) elsewhere. A Linux without /proc shows nothing.

export interface ProcessFacts {
  parent: number;
  isZombie: boolean;
  /** Distinguishes a process from a later one with the same number: clock ticks since boot (Linux), or a date to the second. */
  started: string;
  /** The same moment in milliseconds since 1970, to about a second; null where it cannot be had. */
  startedMs: number | null;
}

const TICKS_PER_SECOND = 100;

/** Whether processes can be looked at by /proc. */
export function hasProc(platform: Platform = HERE): boolean {
  return platform.processesFrom === 'proc' && existsSync('/proc/self/stat');
}

/** What is known of the process with this number; null if there is none, or the system does not show. */
export function processFacts(pid: number, platform: Platform = HERE): ProcessFacts | null {
  return platform.processesFrom === 'proc' ? factsFromProc(pid) : factsFromPs(pid);
}

function factsFromProc(pid: number): ProcessFacts | null {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // Behind the command's name, which may itself hold blanks and brackets.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, started] = [fields?.[0], fields?.[1], fields?.[19]];
  if (state === undefined || parent === undefined || started === undefined) return null;
  const boot = bootSeconds();
  const startedMs = boot === null ? null : (boot + Number(started) / TICKS_PER_SECOND) * 1000;
  return { parent: Number(parent), isZombie: state === 'Z', started, startedMs };
}

function bootSeconds(): number | null {
  const text = attempt(() => readFileSync('/proc/stat', 'latin1'));
  const seconds = text === null ? undefined : /^btime (\d+)$/m.exec(text)?.[1];
  return seconds === undefined ? null : Number(seconds);
}

function factsFromPs(pid: number): ProcessFacts | null {
  const answer = askSystem('ps', ['-o', 'stat=', '-o', 'ppid=', '-o', 'lstart=', '-p', String(pid)]);
  const [, state, parent, started] = /^\s*(\S+)\s+(\d+)\s+(\S.*\S)\s*$/.exec(answer?.stdout ?? '') ?? [];
  if (state === undefined || parent === undefined || started === undefined) return null;
  const ms = Date.parse(`${started} UTC`);
  return {
    parent: Number(parent),
    isZombie: state.startsWith('Z'),
    started,
    startedMs: Number.isNaN(ms) ? null : ms,
  };
}

/** Whether a process with this number runs; a zombie does not. */
export function isPidAlive(pid: number, platform: Platform = HERE): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return processFacts(pid, platform)?.isZombie !== true;
}

/** The parent of every process that can be seen. */
export function parentsOfAll(platform: Platform = HERE): Map<number, number> {
  if (platform.processesFrom === 'commands') {
    const lines = askSystem('ps', ['-A', '-o', 'pid=', '-o', 'ppid='])?.stdout.split('\n') ?? [];
    return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]));
  }
  const parents = new Map<number, number>();
  for (const pid of allPids()) {
    const facts = factsFromProc(pid);
    if (facts !== null) parents.set(pid, facts.parent);
  }
  return parents;
}

/** The numbers of all processes, by /proc. */
export function allPids(): number[] {
  return (attempt(() => readdirSync('/proc')) ?? []).map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** The command line of a process, or what is known of it. */
export function commandOf(pid: number, platform: Platform = HERE): string {
  const read = (name: string) => attempt(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
  const line =
    platform.processesFrom === 'proc'
      ? read('cmdline')?.split('\0').join(' ').trim() || read('comm')?.trim()
      : askSystem('ps', ['-o', 'command=', '-p', String(pid)])?.stdout.trim();
  return line || 'unknown';
}
