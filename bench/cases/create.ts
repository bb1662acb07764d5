import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { DataSetName } from '../data/data-sets.ts';
import { backupPeers, OURS } from '../peers/creators.ts';
import { takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Making a backup: the engine and everything that one would pick instead. */
export async function benchCreate(bench: Bench, name: DataSetName): Promise<void> {
  const stateDir = await bench.data.named(name);
  const { contenders, skipped } = backupPeers(stateDir, bench.workFolder);
  for (const line of skipped) bench.remarks.add(line);
  const output = path.join(bench.workFolder, 'ours.tar.gz');
  if (bench.hasEngine) contenders.unshift({ ...bench.createCommand(stateDir, output), name: OURS, output });
  const warmed = contenders.map((contender) => ({
    ...contender,
    async prepare() {
      await contender.prepare?.();
      warmCaches(stateDir);
    },
  }));
  const { measurements, failures } = await takeTurns(warmed, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`create ${name}: ${line}`);
  bench.report({ id: `create-${name}`, title: `Create, ${name}`, measurements });
}

/** Reads everything once: borg tells the system to forget what it has read, and whoever came next would pay for that. */
function warmCaches(directory: string): void {
  // Not straight to /dev/null: GNU tar does not read files that nobody will get.
  spawnSync('sh', ['-c', 'tar -cf - -C "$1" . | cat > /dev/null', 'sh', directory]);
}
