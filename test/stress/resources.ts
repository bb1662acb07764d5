import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What this process holds. */
export interface Resources {
  /** Open descriptors; none where the system does not tell. */
  descriptors: number;
  threads: number;
  /** Bytes that are still in use behind a garbage collection, within V8's heap and outside of it. */
  memory: number;
}

const LOOKS = 5;

/** Takes stock, a moment later, for threads and what they held end behind the promise that they have; the least of some looks. */
export async function resources(): Promise<Resources> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const least: Resources = {
    descriptors: Number.POSITIVE_INFINITY,
    threads: Number.POSITIVE_INFINITY,
    memory: Number.POSITIVE_INFINITY,
  };
  for (let look = 0; look < LOOKS; look++) {
    await setTimeout(100);
    collect();
    const { heapUsed, external } = process.memoryUsage();
    least.descriptors = Math.min(least.descriptors, count('/proc/self/fd'));
    least.threads = Math.min(least.threads, count('/proc/self/task'));
    least.memory = Math.min(least.memory, heapUsed + external);
  }
  return least;
}

function count(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}
