import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isPidAlive, processStat } from '../../state/process-identity.ts';
import { isOwnArtifact } from './artifact-names.ts';
import { resolveTarget, type Target } from './place.ts';

/** A process that seems to be using a state directory. */
export interface RunningProcess {
  pid: number;
  /** Its command line, or what is known of it. */
  command: string;
  /** The pid or lock file that names it, the file that it has open, or the directory that it works in. */
  path: string;
  evidence: 'lock-file' | 'open-file' | 'working-directory';
}

const LARGEST_LOCK_BYTES = 4096;
/** `{"pid": 42}`, `pid=42`, or nothing but a number on the first line. */
const PID_IN_FILE = /^\s*(\d{1,10})\s*(?:\n|$)|["']?\bpid\b["']?\s*[:=]\s*["']?(\d{1,10})/i;
const TICKS_PER_SECOND = 100;
const CLOCK_SLACK_MS = 5000;

/**
 * Looks for an Oxios that runs on a state directory: a pid or lock file of a living process, in the directory or beside it in the home of Oxios;
 * an open file below it; a process that works in it. Processes that this one may not look into are skipped, so that null means "none seen".
 * This process, its ancestors (the shell that it was typed into) and its descendants do not count.
 */
export async function findRunning(stateDir: string): Promise<RunningProcess | null> {
  const target = resolveTarget(stateDir);
  const family = ownFamily();
  return findByLockFile(target, family) ?? findByOpenFile(target.target, family);
}

function attempt<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

function listed(directory: string): string[] {
  return attempt(() => readdirSync(directory)) ?? [];
}

/** The parent of a state directory belongs to Oxios only if it looks like its home; elsewhere a pid file may be anybody's. */
function isOxiosHome({ parent }: Target): boolean {
  return /^\.?oxios$/.test(basename(parent)) || listed(parent).includes('config.toml');
}

function findByLockFile(target: Target, family: Family): RunningProcess | null {
  const directories = isOxiosHome(target) ? [target.target, target.parent] : [target.target];
  const paths = directories.flatMap((directory) =>
    listed(directory)
      .filter((name) => /\.(?:pid|lock)$/.test(name) && !isOwnArtifact(name))
      .map((name) => join(directory, name)),
  );
  for (const path of [...paths, join(target.target, 'memory', '.dream.lock')]) {
    const pid = pidIn(path);
    if (pid !== null && isPidAlive(pid) && !isNumberReused(pid, path) && !family.has(pid)) {
      return { pid, command: commandOf(pid), path, evidence: 'lock-file' };
    }
  }
  return null;
}

function pidIn(path: string): number | null {
  return attempt(() => {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > LARGEST_LOCK_BYTES) return null;
    const match = PID_IN_FILE.exec(readFileSync(path, 'utf8'));
    const pid = Number(match?.[1] ?? match?.[2] ?? 0);
    return pid > 0 ? pid : null;
  });
}

/** Whether the process began after the file was written: then the file meant an earlier one with this number. */
function isNumberReused(pid: number, path: string): boolean {
  return (
    attempt(() => {
      const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
      const started = processStat(pid)?.started;
      if (boot === undefined || started === undefined) return false;
      const startedMs = (Number(boot) + Number(started) / TICKS_PER_SECOND) * 1000;
      return startedMs > statSync(path).mtimeMs + CLOCK_SLACK_MS;
    }) ?? false
  );
}

function findByOpenFile(directory: string, family: Family): RunningProcess | null {
  let working: RunningProcess | null = null;
  for (const name of listed('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || family.has(pid)) continue;
    for (const descriptor of listed(`/proc/${pid}/fd`)) {
      const path = attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      if (isWithin(path, directory)) return { pid, command: commandOf(pid), path, evidence: 'open-file' };
    }
    if (working !== null) continue;
    const path = attempt(() => readlinkSync(`/proc/${pid}/cwd`));
    if (isWithin(path, directory)) working = { pid, command: commandOf(pid), path, evidence: 'working-directory' };
  }
  return working;
}

function isWithin(path: string | null, directory: string): path is string {
  return path !== null && (path === directory || path.startsWith(`${directory}/`));
}

function commandOf(pid: number): string {
  const line = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim());
  return line || attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) || 'unknown';
}

interface Family {
  has(pid: number): boolean;
}

/** This process, those it descends from, and those that descend from it. */
function ownFamily(): Family {
  const parentOf = (pid: number) => processStat(pid)?.parent ?? 0;
  const lineage = (pid: number): number[] => {
    const line: number[] = [];
    for (let each = pid; each > 0 && !line.includes(each); each = parentOf(each)) line.push(each);
    return line;
  };
  const ancestors = new Set([process.pid, process.ppid, ...lineage(process.pid)]);
  return { has: (pid) => ancestors.has(pid) || lineage(pid).includes(process.pid) };
}
