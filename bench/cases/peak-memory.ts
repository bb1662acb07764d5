import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type Command, measure } from '../run/measure.ts';
import type { Measurement } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** What is measured. */
export const VERBS = ['create', 'verify', 'restore'] as const;
/** A second snapshot, of which nothing changed since the first. */
export const AGAIN = 'create with a parent';

/** Memory of create, verify and restore, and of create with a parent, on a million files and on one file of 10 GB. One run each, for it hardly varies. */
export async function benchPeakMemory(bench: Bench): Promise<void> {
  await benchOne(bench, 'million-files', '1,000,000 files', () => bench.data.smallFiles(1_000_000));
  await benchOne(bench, 'big-file', 'one file of 10 GB', () => bench.data.bigFile());
}

async function benchOne(bench: Bench, name: string, what: string, prepareData: () => Promise<string>): Promise<void> {
  const title = `Peak memory, ${what}`;
  if (!bench.hasEngine || !(await bench.hasRoom(bench.workFolder, 30e9, title))) return;
  const stateDir = await prepareData();
  const snapshot = path.join(bench.workFolder, 'memory.tar.gz');
  const target = path.join(bench.workFolder, 'memory-restored');
  const second = path.join(bench.workFolder, 'memory-again.tar.gz');
  const commands: Record<(typeof VERBS)[number] | typeof AGAIN, Command> = {
    create: bench.createCommand(stateDir, snapshot),
    verify: bench.engine('verify', snapshot, '--quiet'),
    restore: bench.engine('restore', snapshot, '--state-dir', target, '--quiet'),
    [AGAIN]: {
      argv: [...bench.createCommand(stateDir, second).argv, '--parent', snapshot] as unknown as Command['argv'],
    },
  };
  const measurements: Measurement[] = [];
  try {
    for (const [verb, command] of Object.entries(commands)) {
      const { seconds, cpuSeconds, peakMemoryBytes } = await measure(command);
      bench.say(`  ${verb}: ${(peakMemoryBytes / 1e6).toFixed(0)} MB, ${seconds.toFixed(1)} s`);
      measurements.push({
        name: verb,
        seconds: [seconds],
        medianSeconds: seconds,
        medianCpuSeconds: cpuSeconds,
        peakMemoryBytes,
      });
    }
  } catch (error) {
    bench.remarks.add(`${title}: ${(error as Error).message}`);
  } finally {
    for (const made of [snapshot, second, target]) await rm(made, { recursive: true, force: true });
  }
  bench.report({ id: `memory-${name}`, title, measurements });
}
