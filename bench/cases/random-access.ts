import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { missingPrograms } from '../peers/programs.ts';
import { countBytesRead } from '../run/read-bytes.ts';
import { type Contender, type Measurement, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Length of the seal member, and where in it the offset of the index stands (SNAPSHOT-FORMAT.md). */
const SEAL_BYTES = 124;
const INDEX_OFFSET_AT = 17 + 9;

/** Names of the commands that are measured. */
export const SHOW = 'show';
export const LIST = 'list --section --json';
export const RESTORE_ONE = 'restore --path';

/** Getting at a little of a snapshot of 5 GB. `referenceBytes` is the length of its index. */
export async function benchRandomAccess(bench: Bench): Promise<void> {
  if (!bench.hasEngine || !(await bench.hasRoom(bench.workFolder, 12e9, 'random access'))) return;
  const stateDir = await bench.data.bigSnapshot();
  const snapshot = await bench.snapshotOf(stateDir);
  const [wanted] = (await readdir(path.join(stateDir, 'sessions'))).sort();
  const target = path.join(await bench.freshFolder('restore-one'), 'state');
  const contenders: readonly Contender[] = [
    { ...bench.engine('show', snapshot, '--json'), name: SHOW },
    { ...bench.engine('list', snapshot, '--json', '--section', 'memory/facts'), name: LIST },
    {
      ...bench.engine('restore', snapshot, '--path', `sessions/${wanted}`, '--state-dir', target, '--quiet'),
      name: RESTORE_ONE,
      output: target,
    },
  ];
  const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`random access: ${line}`);
  const canTrace = missingPrograms(['strace']).length === 0;
  if (!canTrace) bench.remarks.add('bytes read by show and list: strace not installed');
  const counted: Measurement[] = [];
  for (const measurement of measurements) {
    const contender = contenders.find(({ name }) => name === measurement.name);
    if (!canTrace || contender === undefined) {
      counted.push(measurement);
      continue;
    }
    await mkdir(path.dirname(target), { recursive: true });
    const bytesRead = await countBytesRead(contender, snapshot, path.join(bench.workFolder, 'strace.log'));
    counted.push({ ...measurement, bytesRead });
    await rm(target, { recursive: true, force: true });
  }
  bench.report({
    id: 'random-access',
    title: 'A little of a 5 GB snapshot',
    measurements: counted,
    referenceBytes: await indexBytes(snapshot),
  });
  await bench.forgetSnapshot(stateDir);
}

/** Everything behind the tar: the members that carry the index, and the seal. */
async function indexBytes(snapshot: string): Promise<number> {
  const file = await open(snapshot);
  try {
    const { size } = await file.stat();
    const seal = Buffer.alloc(SEAL_BYTES);
    await file.read(seal, 0, SEAL_BYTES, size - SEAL_BYTES);
    return size - Number(seal.readBigUInt64LE(INDEX_OFFSET_AT));
  } finally {
    await file.close();
  }
}
