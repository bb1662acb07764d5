import { readdirSync, readFileSync } from 'node:fs';

const KIB = 1024;
/** The kernel counts CPU time in hundredths of a second for user space, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

/**
 * Watches the memory of a process and all its descendants until it is told to stop.
 *
 * It sums resident set sizes (`VmRSS`). Proportional sizes (`smaps_rollup`) would share out what several processes map
 * together, but the kernel walks all page tables for each look, which slows down what is being timed. So a pipeline's
 * shared libraries count once for each of its processes, and Node's executable (some 40 MB) counts for Node: no figure
 * is flattered. `VmHWM`, each process's own high-water mark, catches what passes between two looks.
 */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  constructor(pid: number, intervalMs = 20) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), intervalMs);
    this.#look();
  }

  /** Stops, and gives the highest sum seen, in bytes. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peakBytes;
  }

  #look(): void {
    let sum = 0;
    for (const pid of descendants(this.#pid)) {
      const status = readProc(`${pid}/status`);
      sum += readKiB(status, 'VmRSS');
      this.#peakBytes = Math.max(this.#peakBytes, readKiB(status, 'VmHWM'));
    }
    this.#peakBytes = Math.max(this.#peakBytes, sum);
  }
}

/** Seconds of CPU, user and system, of all children of this process that have ended, and of theirs. */
export function endedChildrenCpuSeconds(): number {
  const stat = readProc('self/stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

function descendants(pid: number): number[] {
  const found = [pid];
  for (const parent of found) {
    for (const thread of listProc(`${parent}/task`)) {
      for (const child of readProc(`${parent}/task/${thread}/children`).split(' ')) {
        if (child !== '') found.push(Number(child));
      }
    }
  }
  return found;
}

function readKiB(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * KIB;
}

/** A process may end while it is being looked at: then there is nothing to count. */
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function listProc(folder: string): string[] {
  try {
    return readdirSync(`/proc/${folder}`);
  } catch {
    return [];
  }
}
