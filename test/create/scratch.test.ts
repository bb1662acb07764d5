import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, StateStore } from 'oxios-backup';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PythonScript } from '../capture/sqlite/python-script.ts';
import { lastJson, Workbench } from '../cli/command-line.ts';
import { type FileSystem, mountSmall } from '../malicious/small-file-system.ts';

const bench = new Workbench();
let writer: PythonScript | null = null;
let small: FileSystem | null = null;

/** A database in use, of four MiB. */
beforeEach(async () => {
  fs.mkdirSync(bench.path('state'), { recursive: true });
  writer = await PythonScript.start(
    `
db = connect()
db.execute('pragma journal_mode=wal')
db.execute('create table if not exists t (x)')
for i in range(400): db.execute('insert into t values (randomblob(10000))')
ready()
`,
    bench.path('state/memory.db'),
  );
});
afterEach(async () => {
  await writer?.kill();
  fs.rmSync(bench.path('state'), { recursive: true });
  small?.unmount();
  small = null;
});

function mountScratch(bytes: number): string {
  small = mountSmall(bytes, 100);
  if (small === null) throw new Error('it was there a moment ago');
  return small.directory;
}

const canMount = ((): boolean => {
  const mounted = mountSmall(1024 * 1024, 10);
  mounted?.unmount();
  return mounted !== null;
})();

describe.skipIf(!canMount)('a folder for temporary files that is full', () => {
  test.each(['auto', 'raw-copy'] as const)('ends the run at once, and says what to do (%s)', async (sqlite) => {
    const scratchDir = mountScratch(1024 * 1024);
    const output = bench.fresh('snapshot');
    const statuses: unknown[] = [];
    const options = { scratchDir, sqlite, onEvent: (event: { type: string }) => void statuses.push(event.type) };
    await expect(createBackup(new StateStore(bench.path('state')), output, options)).rejects.toMatchObject({
      code: 'NO_SPACE',
      kind: 'failed',
      path: expect.stringContaining(scratchDir),
      hint: expect.stringMatching(/`scratchDir`.*TMPDIR/),
    });
    expect(statuses).not.toContain('status');
    expect(fs.readdirSync(scratchDir)).toEqual([]);
    expect(fs.existsSync(output)).toBe(false);
  });

  test('is the system temporary directory for a stream, and another one can be named', async () => {
    const scratchDir = mountScratch(1024 * 1024);
    const create = `$b create - --state-dir state --json`;
    const failed = await bench.shell(`TMPDIR=${scratchDir} ${create} > a.tar.gz`);
    expect(failed.status).toBe(1);
    expect(lastJson(failed.err)).toMatchObject({ code: 'NO_SPACE', hint: expect.stringContaining('--scratch-dir') });
    fs.mkdirSync(bench.path('roomy'), { recursive: true });
    const made = await bench.shell(`TMPDIR=${scratchDir} ${create} --scratch-dir roomy > a.tar.gz`);
    expect(made.status).toBe(0);
    expect(fs.readdirSync(bench.path('roomy'))).toEqual([]);
  });

  test('has no inode left', async () => {
    small = mountSmall(64 * 1024 * 1024, 3);
    const scratchDir = small?.directory ?? '';
    const output = bench.fresh('snapshot');
    await expect(createBackup(new StateStore(bench.path('state')), output, { scratchDir })).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  });
});

test('a folder for temporary files that is not there is said to be so', async () => {
  const run = await bench.run(['create', 'b.tar.gz', '--state-dir', 'state', '--scratch-dir', 'nowhere']);
  expect(run.status).toBe(1);
  expect(run.err).toMatch(/temporary files, .*nowhere, does not exist/);
  expect(run.err).toContain('--scratch-dir');
  expect(fs.existsSync(bench.path('b.tar.gz'))).toBe(false);
});

test.skipIf(spawnSync('strace', ['-V']).status !== 0)('copies go where they are asked to go', async () => {
  fs.mkdirSync(bench.path('elsewhere'), { recursive: true });
  const log = bench.path('calls');
  const create = '$b create c.tar.gz --state-dir state --scratch-dir elsewhere --quiet';
  const run = await bench.shell(`strace -f -qq -e trace=openat,mkdir -o ${log} ${create}`);
  expect(run.status).toBe(0);
  const copies = fs.readFileSync(log, 'utf8').match(/"[^"]*database-1\.db"/g) ?? [];
  expect(copies.length).toBeGreaterThan(0);
  for (const copy of copies) expect(copy).toContain(join(bench.root, 'elsewhere'));
});
