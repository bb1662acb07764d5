import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { BackupError } from '../../src/errors.ts';
import { WorkerPool } from '../../src/workers/pool.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const script = room.path('worker.mjs');
let pool: WorkerPool<string, string> | null = null;

beforeAll(() => {
  buildSync({
    entryPoints: [fileURLToPath(new URL('../../src/workers/serve.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: room.path('serve.mjs'),
  });
  writeFileSync(
    script,
    `
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { serve } from './serve.mjs';
serve('do the job', (job) => {
  if (job === 'bug') return undefinedThing.length;
  if (job === 'missing') return { result: readFileSync('/nowhere/at/all') };
  if (job === 'damaged') return { result: gunzipSync(Buffer.from('1f8b', 'hex')) };
  if (job === 'later') setTimeout(() => { throw new TypeError('thrown later'); });
  if (job === 'end') process.exit(0);
  return { result: job };
});
`,
  );
});
afterEach(() => pool?.close());

function start(): WorkerPool<string, string> {
  pool = new WorkerPool(pathToFileURL(script), 1, null);
  return pool;
}

test('a bug in a worker arrives as it is, with the stack of that thread', async () => {
  const error = await start()
    .run('bug')
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ReferenceError);
  expect(error).not.toBeInstanceOf(BackupError);
  expect((error as Error).stack).toMatch(/undefinedThing.*\n.*worker\.mjs:\d+/);
});

test('what is thrown outside of a job does so too', async () => {
  const started = start();
  await started.run('fine');
  await started.run('later').catch(() => null);
  let error: unknown = null;
  while (error === null)
    error = await started.run('fine').then(
      () => null,
      (caught: unknown) => caught,
    );
  expect(error).toMatchObject({ name: 'TypeError', message: 'thrown later' });
});

test.each([
  ['missing', /could not do the job: ENOENT/],
  ['damaged', /could not do the job: unexpected end of file/],
])('what the system or zlib says is put into words (%s)', async (job, message) => {
  await expect(start().run(job)).rejects.toMatchObject({
    name: 'BackupError',
    code: 'IO',
    message: expect.stringMatching(message),
  });
});

test('a thread that ends is a failure', async () => {
  await expect(start().run('end')).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining('ended') });
});
