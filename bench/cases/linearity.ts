import path from 'node:path';
import { type Contender, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Numbers of files that create is measured with. */
export const LINEARITY_FILES = [10_000, 100_000, 1_000_000] as const;

/** What create costs as a directory grows; the sizes take turns, so that a slow minute meets them all. */
export async function benchLinearity(bench: Bench): Promise<void> {
  if (!bench.hasEngine || !(await bench.hasRoom(bench.workFolder, 10e9, 'linearity'))) return;
  const output = path.join(bench.workFolder, 'linearity.tar.gz');
  const contenders: Contender[] = [];
  for (const files of LINEARITY_FILES) {
    const stateDir = await bench.data.smallFiles(files);
    contenders.push({ ...bench.createCommand(stateDir, output), name: String(files), output });
  }
  const { measurements, failures } = await takeTurns(contenders, Math.min(bench.rounds, 3), bench.say);
  for (const line of failures) bench.remarks.add(`linearity: ${line}`);
  bench.report({ id: 'linearity', title: 'Create, by number of files', measurements });
}
