import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { changeSome } from '../data/change-some.ts';
import type { DataSetName } from '../data/data-sets.ts';
import { borg, OURS, restic } from '../peers/creators.ts';
import { missingPrograms } from '../peers/programs.ts';
import { type Command, measure } from '../run/measure.ts';
import { type Contender, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

export const FIRST = `${OURS}, first`;
export const AGAIN_CHANGED = `${OURS}, 1 % changed`;
const AGAIN_TOGETHER = `${OURS}, 1 % changed, neighbours`;
const AGAIN_SAME = `${OURS}, nothing changed`;
export const RESTIC_CHANGED = 'restic, 1 % changed';

/** A second snapshot of what was changed a little, or not at all, beside the first, and beside the second run of those who deduplicate. */
export async function benchAgain(bench: Bench, name: DataSetName): Promise<void> {
  // The data is kept for other cases: what is changed is a copy.
  const stateDir = path.join(bench.workFolder, `again-${name}`);
  await cp(await bench.data.named(name), stateDir, { recursive: true, preserveTimestamps: true });
  const folder = path.join(bench.workFolder, 'parent');
  const parent = path.join(folder, 'parent.tar.gz');
  const output = path.join(bench.workFolder, 'ours.tar.gz');
  const env = { XDG_CACHE_HOME: path.join(bench.workFolder, 'caches') };
  let changes = 0;
  const ours = (name: string, between: (() => void) | null): Contender => {
    const create = bench.createCommand(stateDir, output);
    const command: Command =
      between === null ? { ...create, env } : { argv: [...create.argv, '--parent', parent] as Command['argv'], env };
    const prepare = async () => {
      if (between === null) return;
      await mkdir(folder, { recursive: true });
      await measure({ ...bench.createCommand(stateDir, parent), env });
      between();
    };
    return { ...command, name, output, prepare };
  };
  const change = () => changeSome(stateDir, changes++, 'scattered');
  const changeTogether = () => changeSome(stateDir, changes++, 'together');
  const contenders: Contender[] = bench.hasEngine
    ? [ours(FIRST, null), ours(AGAIN_CHANGED, change), ours(AGAIN_TOGETHER, changeTogether), ours(AGAIN_SAME, () => {})]
    : [];
  const peers = { restic, borg };
  for (const [program, make] of Object.entries(peers)) {
    if (missingPrograms([program]).length === 0)
      contenders.push(second(make(stateDir, path.join(bench.workFolder, program)), change));
    else bench.remarks.add(`${program}: not installed`);
  }
  const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
  for (const line of failures) bench.remarks.add(`again ${name}: ${line}`);
  bench.report({ id: `again-${name}`, title: `Create again, ${name}`, measurements });
  for (const made of [stateDir, folder]) await rm(made, { recursive: true, force: true });
}

/** The second run of a contender that makes a repository: the first one is not timed. */
function second(contender: Contender, change: () => void): Contender {
  const { prepare, name } = contender;
  return {
    ...contender,
    name: `${name}, 1 % changed`,
    argv: contender.argv.map((word) => (word === '::bench' ? '::again' : word)) as unknown as Command['argv'],
    prepare: async () => {
      await prepare?.();
      await measure(contender);
      change();
    },
  };
}
