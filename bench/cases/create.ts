import path from 'node:path';
import { backupPeers, OURS } from '../peers/creators.ts';
import { takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Making a backup: the engine and everything that one would pick instead. */
export async function benchCreate(bench: Bench, name: 'many-small' | 'mixed'): Promise<void> {
  const stateDir = name === 'mixed' ? await bench.data.mixed() : await bench.data.smallFiles();
  const { contenders, skipped } = backupPeers(stateDir, bench.workFolder);
  for (const line of skipped) bench.remarks.add(line);
  const output = path.join(bench.workFolder, 'ours.tar.gz');
  if (bench.hasEngine) contenders.unshift({ ...bench.createCommand(stateDir, output), name: OURS, output });
  const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`create ${name}: ${line}`);
  bench.report({ id: `create-${name}`, title: `Create, ${name}`, measurements });
}
