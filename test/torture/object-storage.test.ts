/** Commands that make and restore snapshots in object storage, ended and disturbed while they are at work. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { openS3Storage, type S3Storage } from '../../src/storage/s3/s3-storage.ts';
import { lastJson, Workbench } from '../cli/command-line.ts';
import { noise } from '../damage/small-tree.ts';
import { startWithBucket } from '../storage/s3/bucket.ts';
import { FaultyProxy } from '../storage/s3/faulty-proxy.ts';
import { type Gateway, noGateway, OWNER } from '../storage/s3/gateway.ts';

const MIB = 2 ** 20;
const KILLS = process.env.OXIOS_TORTURE === '1' ? 100 : 5;
const DAY_MS = 86_400_000;

const bench = new Workbench();
const state = bench.path('state');
let gateway: Gateway;
let proxy: FaultyProxy;

beforeAll(async () => {
  if (noGateway !== null) return;
  gateway = await startWithBucket('bucket');
  proxy = await FaultyProxy.start(gateway.port);
  mkdirSync(join(state, 'many'), { recursive: true });
  for (let i = 0; i < 500; i++) writeFileSync(join(state, `many/${i}`), noise(400 + (i % 50), i));
  writeFileSync(join(state, 'large'), noise(18 * MIB, 7));
}, 120_000);

afterAll(async () => {
  await proxy?.stop();
  await gateway?.stop();
});

beforeEach(() => proxy?.reset());

function start(...args: string[]) {
  return bench.start(args, { env: { ...OWNER, AWS_ENDPOINT_URL: proxy.endpoint } });
}

function open(prefix: string, now = Date.now()): S3Storage {
  const url = `s3://bucket/${prefix}?endpoint=${encodeURIComponent(gateway.endpoint)}`;
  return openS3Storage(url, { env: OWNER, now: () => new Date(now) });
}

async function namesIn(storage: S3Storage): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of storage.list()) names.push(name);
  return names;
}

/** Ends a command in some way when the store has been asked so often. */
async function endAt(requests: number, signal: NodeJS.Signals, args: string[]) {
  const child = start(...args);
  proxy.fault = (_seen, number) => {
    if (number === requests) child.kill(signal);
    return null;
  };
  return await child;
}

describe.skipIf(noGateway !== null)(`in object storage${noGateway === null ? '' : ` (${noGateway})`}`, () => {
  it(`a create that is killed at any of ${KILLS} moments leaves a whole snapshot or none`, async () => {
    const whole = start('create', '--to', 's3://bucket/kill', '--state-dir', state);
    expect((await whole).exitCode).toBe(0);
    const storage = open('kill');
    for (let at = 0; at < KILLS; at++) {
      proxy.reset();
      const child = start('create', '--to', 's3://bucket/kill', '--state-dir', state);
      const moment = KILLS === 100 ? Math.random() * 3000 : 300 + at * 400;
      await Promise.race([setTimeout(moment), child]);
      child.kill('SIGKILL');
      await child;
    }
    // What was committed before the signal came is whole.
    for (const name of await namesIn(storage)) expect((await start('verify', storage.pathOf(name))).exitCode).toBe(0);
    // What was begun is found a day later, and given up.
    const later = open('kill', Date.now() + 2 * DAY_MS);
    await later.clearAbandoned();
    expect(await later.clearAbandoned()).toEqual([]);
  }, 2_400_000);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a create with exit status %i; its upload is given up', async (signal, status) => {
    const folder = `interrupted-${signal}`;
    // The listing of uploads, a look, the beginning, a part.
    const run = await endAt(3, signal, ['create', '--to', `s3://bucket/${folder}`, '--state-dir', state, '--json']);
    expect(run.exitCode).toBe(status);
    expect(lastJson(String(run.stdout))).toMatchObject({ type: 'error', code: 'ABORTED' });
    expect(await namesIn(open(folder))).toEqual([]);
    expect(await open(folder, Date.now() + 2 * DAY_MS).clearAbandoned()).toEqual([]);
  });

  it('two creates at once make two snapshots with --to, and one of two at one name', async () => {
    // Of one state directory only one is made at a time.
    const other = bench.path('other');
    cpSync(state, other, { recursive: true });
    const createBoth = (...args: string[]) =>
      Promise.all([state, other].map((directory) => start('create', ...args, '--state-dir', directory)));
    const both = await createBoth('--to', 's3://bucket/two');
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await namesIn(open('two'))).toHaveLength(2);
    const one = await createBoth('s3://bucket/one/a.tar.gz');
    expect(one.map(({ exitCode }) => exitCode)).toContain(0);
    expect((await start('verify', 's3://bucket/one/a.tar.gz')).exitCode).toBe(0);
  }, 60_000);

  it('a snapshot that is replaced while it is restored is an error, and nothing changes', async () => {
    expect((await start('create', 's3://bucket/replaced/a.tar.gz', '--state-dir', state)).exitCode).toBe(0);
    const target = bench.path('target');
    const storage = open('replaced');
    proxy.reset();
    const child = start('restore', 's3://bucket/replaced/a.tar.gz', '--state-dir', target, '--json');
    let replaced: Promise<void> | null = null;
    proxy.hold = async (_seen, number) => {
      if (number === 4) replaced = storage.writeRecord('a.tar.gz', noise(30 * MIB, 9));
      await replaced;
    };
    const run = await child;
    proxy.hold = async () => {};
    expect(replaced).not.toBeNull();
    expect(run.exitCode).toBe(1);
    expect(lastJson(String(run.stdout))).toMatchObject({ type: 'error', code: 'SNAPSHOT_REPLACED' });
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(bench.root).filter((name) => name.startsWith('.'))).toEqual([]);
  }, 60_000);

  it('a store that refuses or loses requests now and then is asked again', async () => {
    proxy.fault = (_seen, number) =>
      number % 4 === 1 ? { kind: 'answer', status: 503, code: 'SlowDown' } : number % 4 === 3 ? { kind: 'half' } : null;
    expect((await start('create', 's3://bucket/shaky/a.tar.gz', '--state-dir', state)).exitCode).toBe(0);
    const target = bench.path('shaky');
    const restored = await start('restore', 's3://bucket/shaky/a.tar.gz', '--state-dir', target);
    expect(restored.exitCode).toBe(0);
    expect(compareTrees(readTree(state), readTree(target))).toEqual([]);
  }, 60_000);
});
