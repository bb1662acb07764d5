import type { DataSetName } from '../data/data-sets.ts';
import { OURS } from '../peers/creators.ts';
import { missingPrograms } from '../peers/programs.ts';
import { type Contender, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Names of those that look at the bytes as they are stored. */
export const QUICK = 'oxios-backup --quick';
export const SHA256 = 'sha256sum';

/**
 * Checking a snapshot: the engine, every SHA-256, beside `gzip -t` of the same file; and the digests of the stored bytes alone, beside
 * `sha256sum`, which takes one core.
 */
export async function benchVerify(bench: Bench, name: DataSetName): Promise<void> {
  const stateDir = await bench.data.named(name);
  const snapshot = await bench.snapshotOf(stateDir);
  const contenders: Contender[] = [];
  if (bench.hasEngine) {
    contenders.push({ ...bench.engine('verify', snapshot, '--quiet'), name: OURS });
    contenders.push({ ...bench.engine('verify', snapshot, '--quick', '--quiet'), name: QUICK });
  }
  contenders.push({ name: SHA256, argv: ['sha256sum', snapshot] });
  if (missingPrograms(['gzip']).length === 0) contenders.push({ name: 'gzip -t', argv: ['gzip', '-t', snapshot] });
  else bench.remarks.add('gzip -t: gzip not installed');
  const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`verify ${name}: ${line}`);
  bench.report({ id: `verify-${name}`, title: `Verify, ${name}`, measurements });
}
