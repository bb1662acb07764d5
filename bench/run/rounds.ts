import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Traffic } from './loopback-store.ts';
import { type Command, type Cost, measure } from './measure.ts';

/** Somebody who takes part in a case. */
export interface Contender extends Command {
  readonly name: string;
  /** File or folder that the command makes: removed before and after each run, its size is noted. */
  readonly output?: string;
  /** Before each run, not timed. */
  readonly prepare?: () => Promise<void>;
  /** After each run, not timed, also if it failed. */
  readonly finish?: () => Promise<void>;
}

/** All runs of one contender in one case. */
export interface Measurement {
  readonly name: string;
  /** Each counted run's wall clock, in order. */
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly medianCpuSeconds: number;
  /** The highest of all runs. */
  readonly peakMemoryBytes: number;
  readonly outputBytes?: number;
  /** Bytes that were read of the snapshot, where a case counts them. */
  readonly bytesRead?: number;
  /** Between the command and a store, where a case counts it. */
  readonly traffic?: Traffic;
}

export interface RoundsOutcome {
  readonly measurements: readonly Measurement[];
  readonly failures: readonly string[];
}

/**
 * Lets contenders take turns: a round of warming up that is not counted, then `rounds` rounds, each begun by another.
 * Who fails once is out, and is named.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<RoundsOutcome> {
  const runs = new Map(contenders.map((contender) => [contender, [] as Cost[]]));
  const outputBytes = new Map<Contender, number>();
  const failures: string[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length] as Contender;
      const costs = runs.get(contender);
      if (costs === undefined) continue;
      try {
        const cost = await runOnce(contender, outputBytes);
        if (round > 0) costs.push(cost);
        say(`  ${round === 0 ? 'warm-up' : `round ${round}`}  ${contender.name}: ${cost.seconds.toFixed(2)} s`);
      } catch (error) {
        runs.delete(contender);
        failures.push(`${contender.name}: ${(error as Error).message}`);
        say(`  ${contender.name} failed: ${(error as Error).message}`);
      }
    }
  }
  const measurements = [...runs].map(([contender, costs]): Measurement => {
    const size = outputBytes.get(contender);
    return { name: contender.name, ...summarize(costs), ...(size !== undefined && { outputBytes: size }) };
  });
  return { measurements, failures };
}

/** Lets the disk come to rest before each run. */
const REST_MS = 1500;

/** The middle value; of an even number of values the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

async function runOnce(contender: Contender, outputBytes: Map<Contender, number>): Promise<Cost> {
  const { output } = contender;
  try {
    if (output !== undefined) rmSync(output, { recursive: true, force: true });
    await contender.prepare?.();
    // Nobody pays for what the one before has left to be written, or to be discarded on the disk.
    if (output !== undefined) {
      spawnSync('sync');
      await setTimeout(REST_MS);
    }
    const cost = await measure(contender);
    if (output !== undefined) outputBytes.set(contender, sizeOf(output));
    return cost;
  } finally {
    await contender.finish?.();
    if (output !== undefined) rmSync(output, { recursive: true, force: true });
  }
}

function summarize(costs: readonly Cost[]) {
  const seconds = costs.map((cost) => cost.seconds);
  return {
    seconds,
    medianSeconds: median(seconds),
    medianCpuSeconds: median(costs.map((cost) => cost.cpuSeconds)),
    peakMemoryBytes: Math.max(...costs.map((cost) => cost.peakMemoryBytes)),
  };
}

/** Sum of the sizes of the files at and below a path. */
function sizeOf(output: string): number {
  if (!statSync(output).isDirectory()) return statSync(output).size;
  let bytes = 0;
  for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += lstatSync(path.join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}
