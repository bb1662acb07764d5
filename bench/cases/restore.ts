import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DataSetName } from '../data/data-sets.ts';
import { OURS, pipeline } from '../peers/creators.ts';
import { missingPrograms } from '../peers/programs.ts';
import { type Contender, takeTurns } from '../run/rounds.ts';
import { makeWorkFolder } from '../run/work-folder.ts';
import type { Bench } from './bench.ts';

const RAM_DISK = '/dev/shm';

/** Bringing a snapshot back into an empty folder, on a RAM disk and on the disk that the snapshot lies on. */
export async function benchRestore(bench: Bench, name: DataSetName): Promise<void> {
  const stateDir = await bench.data.named(name);
  const snapshot = await bench.snapshotOf(stateDir);
  if (await bench.hasRoom(RAM_DISK, 2e9, `restore ${name} to the RAM disk`)) {
    const folder = await makeWorkFolder(RAM_DISK);
    try {
      await compare(bench, snapshot, folder, { id: `restore-${name}-ram`, title: `Restore to a RAM disk, ${name}` });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const folder = await bench.freshFolder('restore');
  await compare(bench, snapshot, folder, { id: `restore-${name}-disk`, title: `Restore to disk, ${name}` });
}

async function compare(
  bench: Bench,
  snapshot: string,
  folder: string,
  about: { id: string; title: string },
): Promise<void> {
  const contenders: Contender[] = [];
  const target = path.join(folder, 'ours');
  if (bench.hasEngine) {
    contenders.push({
      ...bench.engine('restore', snapshot, '--state-dir', target, '--quiet'),
      name: OURS,
      output: target,
    });
  }
  if (missingPrograms(['bash', 'tar', 'gzip']).length === 0) {
    const unpacked = path.join(folder, 'tar');
    const prepare = async () => void (await mkdir(unpacked));
    const tar = (title: string, output: string, script: string): Contender => ({
      name: title,
      argv: pipeline(script, snapshot, output),
      output,
      prepare,
    });
    contenders.push(tar('tar -xzf', unpacked, 'tar -xzf "$1" -C "$2"'));
    // The engine does not say that it is done before the disk has it; tar alone does.
    if (about.id.endsWith('-disk'))
      contenders.push(tar('tar -xzf, sync', unpacked, 'tar -xzf "$1" -C "$2" && sync -f "$2"'));
  } else {
    bench.remarks.add('tar -xzf: bash, tar or gzip not installed');
  }
  const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`${about.id}: ${line}`);
  bench.report({ ...about, measurements });
}
