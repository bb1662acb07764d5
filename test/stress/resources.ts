import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What this process holds. */
export interface Resources {
  /** Open descriptors and what they lead to; empty where the system does not tell. */
  descriptors: number;
  threads: number;
  /** Bytes that are still in use behind a garbage collection, within V8's heap and outside of it. */
  memory: number;
}

/** Takes stock, a moment later: threads end behind the promise that they have. */
export async function resources(): Promise<Resources> {
  await setTimeout(200);
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return { descriptors: count('/proc/self/fd'), threads: count('/proc/self/task'), memory: heapUsed + external };
}

function count(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}
