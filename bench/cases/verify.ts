import type { DataSetName } from '../data/data-sets.ts';
import { OURS } from '../peers/creators.ts';
import { missingPrograms } from '../peers/programs.ts';
import { type Contender, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Checking a snapshot: the engine, every SHA-256, beside `gzip -t` of the same file. */
export async function benchVerify(bench: Bench, name: DataSetName): Promise<void> {
  const stateDir = await bench.data.named(name);
  const snapshot = await bench.snapshotOf(stateDir);
  const contenders: Contender[] = [];
  if (bench.hasEngine) contenders.push({ ...bench.engine('verify', snapshot, '--quiet'), name: OURS });
  if (missingPrograms(['gzip']).length === 0) contenders.push({ name: 'gzip -t', argv: ['gzip', '-t', snapshot] });
  else bench.remarks.add('gzip -t: gzip not installed');
  const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`verify ${name}: ${line}`);
  bench.report({ id: `verify-${name}`, title: `Verify, ${name}`, measurements });
}
