import { cp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { noGateway } from '../../test/storage/s3/gateway.ts';
import { changeSome } from '../data/change-some.ts';
import type { DataSetName } from '../data/data-sets.ts';
import { OURS, pipeline } from '../peers/creators.ts';
import { missingPrograms } from '../peers/programs.ts';
import { LoopbackStore, STORE_ARCHIVE, STORE_FOLDER } from '../run/loopback-store.ts';
import { type Command, measure } from '../run/measure.ts';
import { type Contender, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

export const FIRST_SENT = `${OURS}, first`;
export const AGAIN_SENT = `${OURS}, 1 % changed`;
export const SHOW_REMOTE = `${OURS} show`;

const SNAPSHOT = `${STORE_FOLDER}/snapshot.tar.gz`;

/** A way to make backups in object storage. */
interface Way {
  readonly name: string;
  readonly needs: readonly string[];
  /** Makes ready what the first backup wants. */
  readonly init?: Command;
  readonly create: Command;
  /** The next backup; absent where it is the first one once more. */
  readonly again?: Command;
  readonly cat: Command;
  readonly verify: Command;
}

/** Creating, getting one file back and verifying in object storage on this machine: times, and bytes over the wire. */
export async function benchObjectStorage(bench: Bench, dataSet: DataSetName): Promise<void> {
  if (noGateway !== null) bench.remarks.add(`object storage: ${noGateway}, which is part of Ceph's radosgw`);
  if (noGateway !== null || !bench.hasEngine) return;
  const stateDir = path.join(bench.workFolder, `object-${dataSet}`);
  await cp(await bench.data.named(dataSet), stateDir, { recursive: true, preserveTimestamps: true });
  const store = new LoopbackStore();
  const env = Object.assign(store.env, { XDG_CACHE_HOME: path.join(bench.workFolder, 'caches') });
  const ways = waysFor(bench, stateDir, await someFile(stateDir), env).filter(({ name, needs }) => {
    const missing = missingPrograms(needs);
    if (missing.length > 0) bench.remarks.add(`object storage, ${name}: ${missing.join(', ')} not installed`);
    return missing.length === 0;
  });
  let changes = 0;
  const start = async ({ init }: Way): Promise<void> => {
    await store.start();
    if (init !== undefined) await measure(init);
  };
  const filled = async (way: Way): Promise<void> => {
    await start(way);
    await measure(way.create);
  };
  const changed = async (way: Way): Promise<void> => {
    await filled(way);
    changeSome(stateDir, changes++, 'together');
  };
  const contenders: Record<string, Contender[]> = {
    create: ways.map((way) => ({ ...way.create, name: `${way.name}, first`, prepare: () => start(way) })),
    again: ways.flatMap((way) =>
      way.again === undefined ? [] : [{ ...way.again, name: `${way.name}, 1 % changed`, prepare: () => changed(way) }],
    ),
    cat: ways.map((way) => ({ ...way.cat, name: `${way.name}, one file`, prepare: () => filled(way) })),
    verify: ways.map((way) => ({ ...way.verify, name: `${way.name}, verify`, prepare: () => filled(way) })),
    show: ways
      .filter(({ name }) => name === OURS)
      .map((way) => ({ ...bench.engine('show', SNAPSHOT), env, name: SHOW_REMOTE, prepare: () => filled(way) })),
  };
  try {
    const all = Object.values(contenders).flat();
    const { measurements, failures } = await takeTurns(all, bench.rounds, bench.say);
    for (const line of failures) bench.remarks.add(`object storage, ${dataSet}: ${line}`);
    const counted = [];
    for (const measurement of measurements) {
      const contender = all.find(({ name }) => name === measurement.name) as Contender;
      await contender.prepare?.();
      await store.beginCounting();
      await measure(contender);
      counted.push({ ...measurement, traffic: store.traffic });
    }
    bench.report({ id: `object-${dataSet}`, title: `Object storage, ${dataSet}`, measurements: counted });
  } finally {
    await store.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function waysFor(bench: Bench, stateDir: string, file: string, env: Record<string, string>): Way[] {
  const create = (...output: string[]): Command => ({
    ...bench.engine('create', ...output, '--state-dir', stateDir, '--quiet'),
    env,
  });
  const restic = (...args: string[]): Command => ({
    argv: ['restic', '--no-cache', '--quiet', ...args],
    cwd: stateDir,
    env,
  });
  const piped = (script: string, ...args: string[]): Command => ({ argv: pipeline(script, ...args), env });
  return [
    {
      name: OURS,
      needs: [],
      create: create(SNAPSHOT),
      again: create('--to', STORE_FOLDER),
      cat: { ...bench.engine('cat', SNAPSHOT, file), env },
      verify: { ...bench.engine('verify', SNAPSHOT, '--quiet'), env },
    },
    {
      name: 'restic',
      needs: ['restic'],
      init: restic('init'),
      create: restic('backup', '.'),
      again: restic('backup', '.'),
      cat: restic('dump', 'latest', `/${file}`),
      verify: restic('check', '--read-data'),
    },
    {
      name: 'tar | pigz | rclone rcat',
      needs: ['bash', 'tar', 'pigz', 'rclone', 'gzip'],
      create: piped('tar -cf - -C "$1" . | pigz -6 | rclone rcat "$2"', stateDir, STORE_ARCHIVE),
      cat: piped('rclone cat "$1" | tar -xzOf - "./$2"', STORE_ARCHIVE, file),
      verify: piped('rclone cat "$1" | gzip -t', STORE_ARCHIVE),
    },
  ];
}

/** A small file somewhere in the middle of the state directory, by its path in it. */
async function someFile(stateDir: string): Promise<string> {
  const entries = await readdir(stateDir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.(?:md|json)$/.test(entry.name))
    .map((entry) => path.relative(stateDir, path.join(entry.parentPath, entry.name)))
    .sort();
  return files[Math.floor(files.length / 2)] as string;
}
