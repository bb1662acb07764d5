import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup, StateStore } from 'oxios-backup';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { openReader } from '../../src/storage/open-reader.ts';
import { noise } from '../damage/small-tree.ts';
import { startWithBucket } from '../storage/s3/bucket.ts';
import { FaultyProxy } from '../storage/s3/faulty-proxy.ts';
import { type Gateway, noGateway, OWNER } from '../storage/s3/gateway.ts';
import { lastJson, type Run, Workbench } from './command-line.ts';

const MIB = 2 ** 20;
const bench = new Workbench();
const state = bench.path('state');
/** What makes the same bytes of the same state. */
const FIXED = ['--state-dir', state, '--host', 'here'];

let gateway: Gateway;
let proxy: FaultyProxy;

beforeAll(async () => {
  if (noGateway !== null) return;
  gateway = await startWithBucket('bucket');
  proxy = await FaultyProxy.start(gateway.port);
  for (const folder of ['sessions', 'many', 'tmp'])
    mkdirSync(join(folder === 'tmp' ? bench.root : state, folder), { recursive: true });
  for (let i = 0; i < 2000; i++) writeFileSync(join(state, `many/${i}`), noise(400 + (i % 50), i));
  writeFileSync(join(state, 'sessions/a.json'), '{"a":1}');
  writeFileSync(join(state, 'large'), noise(20 * MIB, 7));
}, 120_000);

afterAll(async () => {
  await proxy?.stop();
  await gateway?.stop();
});

beforeEach(() => proxy?.reset());

/** The command, where the environment names the store. */
function run(...args: string[]): Promise<Run> {
  const env = { ...OWNER, AWS_ENDPOINT_URL: proxy.endpoint, TMPDIR: bench.path('tmp') };
  return bench.run(args, { env });
}

async function created(...args: string[]): Promise<string> {
  const made = await run('create', ...args, ...FIXED, '--json');
  expect(made).toMatchObject({ status: 0, err: '' });
  return lastJson(made.out).output as string;
}

describe.skipIf(noGateway !== null)(
  `a snapshot in object storage${noGateway === null ? '' : ` (${noGateway})`}`,
  () => {
    beforeAll(async () => {
      await created('s3://bucket/one/snapshot.tar.gz');
      expect((await bench.run(['create', 'local.tar.gz', ...FIXED])).status).toBe(0);
    });

    it('has the bytes that a file has', async () => {
      const createdAt = new Date('2026-07-03T02:15:00Z');
      const local = bench.path('same.tar.gz');
      const remote = `s3://bucket/one/same.tar.gz?endpoint=${encodeURIComponent(proxy.endpoint)}`;
      Object.assign(process.env, OWNER);
      for (const output of [local, remote])
        await createBackup(new StateStore(state), output, { createdAt, host: 'here' });
      const reader = await openReader(remote);
      const bytes = await reader.read(0, reader.size);
      expect(readFileSync(local).equals(bytes)).toBe(true);
    });

    it('leaves nothing on this machine', () => {
      expect(readdirSync(bench.path('tmp'))).toEqual([]);
    });

    it('gets a name by time and chance with --to', async () => {
      const output = await created('--to', 's3://bucket/to');
      expect(output).toMatch(/^s3:\/\/bucket\/to\/oxios-backup-\d{8}T\d{6}Z-[a-z2-7]{4}\.tar\.gz$/);
      expect((await run('verify', output)).status).toBe(0);
    });

    it('is never replaced', async () => {
      const again = await run('create', 's3://bucket/one/snapshot.tar.gz', ...FIXED);
      expect(again).toMatchObject({
        status: 1,
        err: expect.stringContaining('s3://bucket/one/snapshot.tar.gz exists already'),
      });
      const forced = await run('create', 's3://bucket/one/snapshot.tar.gz', '--force', ...FIXED);
      expect(forced).toMatchObject({ status: 2, err: expect.stringContaining('never replaced') });
    });

    it('is shown by at most four requests', async () => {
      const { status, out } = await run('show', 's3://bucket/one/snapshot.tar.gz');
      expect(status).toBe(0);
      expect(out).toContain('s3://bucket/one/snapshot.tar.gz');
      expect(proxy.seen.length).toBeLessThanOrEqual(4);
    });

    it('is verified, and read by few requests', async () => {
      expect((await run('verify', 's3://bucket/one/snapshot.tar.gz')).status).toBe(0);
      expect(proxy.seen.length).toBeLessThanOrEqual(20);
    });

    it('is listed, and gives one file', async () => {
      const list = await run('list', 's3://bucket/one/snapshot.tar.gz', 'sessions');
      expect(list).toMatchObject({ status: 0, out: expect.stringContaining('sessions/a.json') });
      proxy.reset();
      expect(await run('cat', 's3://bucket/one/snapshot.tar.gz', 'sessions/a.json')).toMatchObject({
        status: 0,
        out: '{"a":1}',
      });
      expect(proxy.seen.length).toBeLessThanOrEqual(6);
    });

    it('is compared with a snapshot and with a directory', async () => {
      expect((await run('diff', 'local.tar.gz', 's3://bucket/one/snapshot.tar.gz')).status).toBe(0);
      expect((await run('diff', 's3://bucket/one/snapshot.tar.gz', state)).status).toBe(0);
      expect((await run('verify', 's3://bucket/one/snapshot.tar.gz', '--against', state)).status).toBe(0);
    });

    it('is restored as a whole and in parts', async () => {
      const whole = bench.path('whole');
      expect((await run('restore', 's3://bucket/one/snapshot.tar.gz', '--state-dir', whole)).status).toBe(0);
      expect(compareTrees(readTree(state), readTree(whole))).toEqual([]);
      const part = bench.path('part');
      const path = ['--path', 'sessions/a.json'];
      expect((await run('restore', 's3://bucket/one/snapshot.tar.gz', ...path, '--state-dir', part)).status).toBe(0);
      expect(readFileSync(join(part, 'sessions/a.json'), 'utf8')).toBe('{"a":1}');
      expect(readdirSync(bench.path('tmp'))).toEqual([]);
    });

    it('is not called damaged when the store stops to give it', async () => {
      for (const command of ['verify', 'show', 'list']) {
        for (const from of [1, 3]) {
          proxy.reset();
          proxy.fault = (_seen, number) =>
            number >= from ? { kind: 'answer', status: 403, code: 'ExpiredToken' } : null;
          const { status, err } = await run(command, 's3://bucket/one/snapshot.tar.gz');
          if (proxy.seen.length > from)
            expect({ command, from, status, err }).toMatchObject({ status: 1, err: expect.stringMatching(/expired/) });
        }
      }
    });

    it('is found by what its URL says, too', async () => {
      const endpoint = encodeURIComponent(proxy.endpoint);
      const shown = await bench.run(['show', `s3://bucket/one/snapshot.tar.gz?endpoint=${endpoint}`], { env: OWNER });
      expect(shown.status).toBe(0);
    });

    it('keeps secrets out of whatever is printed', async () => {
      const secrets = { AWS_SECRET_ACCESS_KEY: 'not/the+secret', AWS_SESSION_TOKEN: 'a-token-of-a-session' };
      const env = { ...OWNER, ...secrets, AWS_ENDPOINT_URL: proxy.endpoint };
      for (const args of [
        ['create', '--to', 's3://bucket/secret', ...FIXED],
        ['snapshots', 's3://bucket/secret'],
        ['show', 's3://bucket/one/snapshot.tar.gz'],
      ]) {
        const { status, out, err } = await bench.run([...args, '--json'], { env });
        expect({ args, status }).toEqual({ args, status: 1 });
        for (const secret of Object.values(secrets)) expect(out + err).not.toContain(secret);
      }
    });

    it('is no snapshot when it is not there', async () => {
      for (const command of [['show'], ['verify'], ['restore', '--state-dir', bench.path('none')]]) {
        const [name = '', ...rest] = command;
        const missing = await run(name, 's3://bucket/one/missing.tar.gz', ...rest);
        expect(missing).toMatchObject({
          status: 1,
          err: expect.stringContaining('there is no snapshot at s3://bucket/one/missing.tar.gz'),
        });
      }
    });
  },
);

describe.skipIf(noGateway !== null)('a folder of snapshots in object storage', () => {
  const small = bench.path('small');

  beforeAll(() => {
    mkdirSync(small);
    writeFileSync(join(small, 'a'), noise(100_000, 1));
    writeFileSync(join(small, 'b'), 'b');
  });

  /** Three snapshots, by default of the same state. */
  async function folderOf(name: string): Promise<string> {
    const folder = `s3://bucket/${name}`;
    for (let i = 0; i < 3; i++) {
      const made = await run('create', '--to', folder, '--state-dir', small, '--host', 'here', '--threads', '1');
      expect(made).toMatchObject({ status: 0 });
    }
    return folder;
  }

  const names = (result: Record<string, unknown>): string[] =>
    (result.snapshots as { name: string }[]).map(({ name }) => name);

  it('is listed, verified, remembered and pruned', async () => {
    const folder = await folderOf('folder');
    proxy.reset();
    const listed = lastJson((await run('snapshots', folder, '--json')).out);
    expect(names(listed)).toHaveLength(3);
    // A listing, the records, and two for each.
    expect(proxy.seen.length).toBeLessThanOrEqual(2 + 3 * 2);
    const verified = await run('verify', folder, '--json');
    expect(verified.status).toBe(0);
    expect(lastJson(verified.out)).toMatchObject({ valid: true, directory: folder });
    const again = lastJson((await run('snapshots', folder, '--json')).out);
    for (const { verified_at } of again.snapshots as { verified_at: string }[]) expect(verified_at).toMatch(/^\d{4}-/);
    const pruned = await run('prune', folder, '--keep-last', '1', '--json');
    expect(pruned.status).toBe(0);
    expect(lastJson(pruned.out).removed).toEqual(names(listed).slice(0, 2));
    expect(names(lastJson((await run('snapshots', folder, '--json')).out))).toEqual(names(listed).slice(2));
  });

  it('names what it cannot read, and shows the rest', async () => {
    const folder = await folderOf('partly');
    const [first = ''] = names(lastJson((await run('snapshots', folder, '--json')).out));
    proxy.fault = ({ url }) => (url.includes(first) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : null);
    const { status, out } = await run('snapshots', folder, '--json');
    expect(status).toBe(0);
    expect((lastJson(out).snapshots as { state: string }[]).map(({ state }) => state)).toEqual([
      'unreadable',
      'sealed',
      'sealed',
    ]);
  });

  it('restores the latest', async () => {
    const folder = await folderOf('latest');
    const target = bench.path('latest');
    const source = ['--source', `here:${small}`];
    const restored = await run('restore', folder, '--latest', ...source, '--state-dir', target);
    expect(restored).toMatchObject({ status: 0 });
    expect(compareTrees(readTree(small), readTree(target))).toEqual([]);
  });

  it('is compared with when --max-shrink asks for it', async () => {
    const folder = await folderOf('shrink');
    rmSync(join(small, 'a'));
    const shrunk = await run('create', '--to', folder, '--state-dir', small, '--max-shrink', '10%', '--host', 'here');
    expect(shrunk.status).toBe(3);
  });

  it('may have nothing in it', async () => {
    expect(await run('snapshots', 's3://bucket/nothing')).toMatchObject({ status: 0 });
    expect(await run('verify', 's3://bucket/nothing')).toMatchObject({
      status: 1,
      err: expect.stringContaining('there is no snapshot in s3://bucket/nothing'),
    });
  });
});
