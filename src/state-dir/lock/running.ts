import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attempt, namesIn } from '../../system/attempt.ts';
import { lockOn } from '../../system/kernel-lock.ts';
import { isAliveSince } from '../../system/liveness.ts';
import { HERE, type Platform } from '../../system/platform.ts';
import { commandOf, parentsOfAll } from '../../system/processes.ts';
import { isOwnArtifact } from '../artifact-names.ts';
import { resolveTarget, type Target } from '../location.ts';
import { type OpenFile, openFilesBelow } from './open-files.ts';

/** A process that uses a state directory. */
export interface RunningProcess {
  /** Null if it is known by its lock alone: it runs in another container, or the system does not show who holds a lock. */
  pid: number | null;
  /** Its command line, or what is known of it. */
  command: string;
  /** The file that it has locked, that names it, or that it has open; or the directory that it works in. */
  path: string;
  evidence: 'lock' | 'lock-file' | 'open-file' | 'edited-file' | 'read-file' | 'working-directory';
}

/** Who uses a state directory. */
export interface DirectoryUse {
  /** An Oxios that runs on it, or another program that may write to it. */
  running: RunningProcess | null;
  /** Those whose going on does no harm: a pager, an editor, a shell whose working directory it is. Each once. */
  onlookers: RunningProcess[];
  /** Whether the system shows which files are open. */
  canSeeFiles: boolean;
}

/** Oxios holds a lock on it for as long as it runs, and never removes it. */
const OXIOS_LOCK = 'oxios.lock';
const LARGEST_LOCK_BYTES = 4096;
/** `{"pid": 42}`, `pid=42`, or nothing but a number on the first line. */
const PID_IN_FILE = /^\s*(\d{1,10})\s*(?:\n|$)|["']?\bpid\b["']?\s*[:=]\s*["']?(\d{1,10})/i;

/**
 * Looks for processes that use a state directory: by a lock that is held on a lock file, in the directory or beside it in the home of
 * Oxios; by a pid or lock file of a running process; by open files below it. Processes that this one may not look into are passed over.
 * This process, its ancestors (the shell that it was typed into) and its descendants do not count.
 */
export async function findRunning(stateDir: string, platform: Platform = HERE): Promise<DirectoryUse> {
  const target = resolveTarget(stateDir);
  const own = ownProcesses(platform);
  const files = openFilesBelow(target.target, platform);
  const named = (files ?? [])
    .filter(({ pid }) => !own.has(pid))
    .map((file) => ({ pid: file.pid, command: '', ...useOf(file) }));
  const writer = named.find(({ evidence }) => evidence === 'open-file');
  const running = findByLockFile(target, own, files ?? [], platform) ?? writer ?? null;
  // The file that a pager shows says more than the directory that it was started in.
  const byWeight = named.toSorted((a, b) => a.pid - b.pid || WEIGHT.indexOf(a.evidence) - WEIGHT.indexOf(b.evidence));
  const onlookers = new Map(byWeight.map((process) => [process.pid, process]));
  if (running?.pid != null) onlookers.delete(running.pid);
  const withCommand = (process: RunningProcess) =>
    process.command === '' && process.pid !== null
      ? { ...process, command: commandOf(process.pid, platform) }
      : process;
  return {
    running: running === null ? null : withCommand(running),
    onlookers: [...onlookers.values()].map(withCommand),
    canSeeFiles: files !== null,
  };
}

/** From the weakest evidence to the strongest. */
const WEIGHT: readonly RunningProcess['evidence'][] = ['working-directory', 'read-file', 'edited-file', 'open-file'];

const EVIDENCE = { write: 'open-file', read: 'read-file', 'working-directory': 'working-directory' } as const;

/** What vi and its kin keep open beside the file that is edited: `.notes.md.swp`. It is no state, and the file itself is written when it is saved. */
const SWAP_FILE = /^\.(.+)\.sw[a-p]$/;

function useOf({ path, access }: OpenFile): Pick<RunningProcess, 'path' | 'evidence'> {
  const edited = access === 'working-directory' ? undefined : SWAP_FILE.exec(basename(path))?.[1];
  if (edited !== undefined) return { path: join(dirname(path), edited), evidence: 'edited-file' };
  return { path, evidence: EVIDENCE[access] };
}

/** The parent of a state directory belongs to Oxios only if it looks like its home; elsewhere a pid file may be anybody's. */
function isOxiosHome({ parent }: Target): boolean {
  return /^\.?oxios$/.test(basename(parent)) || namesIn(parent).includes('config.toml');
}

function findByLockFile(
  target: Target,
  own: ProcessTree,
  files: readonly OpenFile[],
  platform: Platform,
): RunningProcess | null {
  const directories = isOxiosHome(target) ? [target.target, target.parent] : [target.target];
  const paths = directories.flatMap((directory) =>
    namesIn(directory)
      .filter((name) => /\.(?:pid|lock)$/.test(name) && !isOwnArtifact(name))
      .map((name) => join(directory, name)),
  );
  for (const path of [...paths, join(target.target, 'memory', '.dream.lock')]) {
    const isOxios = basename(path) === OXIOS_LOCK;
    const lock = lockOn(path, isOxios, platform);
    if (lock.state === 'held') {
      if (lock.pid !== null && own.has(lock.pid)) continue;
      // A lock that belongs to an open file and not to a process is shown with no number.
      const shown = lock.pid !== null && lock.pid > 0 ? lock.pid : runningPidIn(path, platform);
      // A lock in the home of Oxios is not among the files below the state directory.
      const open = () => (dirname(path) === target.parent ? (openFilesBelow(path, platform) ?? []) : files);
      const pid = shown ?? holderOf(path, open());
      if (pid !== null && own.has(pid)) continue;
      const unknown = platform.hasPidNamespaces ? 'in another container' : 'whose number the system does not show';
      return { pid, command: pid === null ? unknown : '', path, evidence: 'lock' };
    }
    if (isOxios && lock.state === 'free') continue;
    const pid = runningPidIn(path, platform);
    if (pid !== null && !own.has(pid)) return { pid, command: '', path, evidence: 'lock-file' };
  }
  return null;
}

/** Where the system does not show who holds a lock: the one process that has the file open. */
function holderOf(path: string, files: readonly OpenFile[]): number | null {
  const pids = new Set(files.filter((file) => file.path === path).map(({ pid }) => pid));
  const [pid = null] = pids;
  return pids.size === 1 ? pid : null;
}

/** The process that a file names, if it lives and is not a later one with the same number. */
function runningPidIn(path: string, platform: Platform): number | null {
  const pid = pidIn(path);
  return pid !== null &&
    isAliveSince(
      pid,
      attempt(() => statSync(path).mtimeMs),
      platform,
    )
    ? pid
    : null;
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

interface ProcessTree {
  has(pid: number): boolean;
}

/** This process, those it descends from, and those that descend from it. */
function ownProcesses(platform: Platform): ProcessTree {
  const parents = parentsOfAll(platform);
  const lineage = (pid: number): number[] => {
    const line: number[] = [];
    for (let each = pid; each > 0 && !line.includes(each); each = parents.get(each) ?? 0) line.push(each);
    return line;
  };
  const ancestors = new Set([process.pid, process.ppid, ...lineage(process.pid)]);
  return { has: (pid) => ancestors.has(pid) || lineage(pid).includes(process.pid) };
}
