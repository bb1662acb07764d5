/** Windows refuses some names when it restores; to list, verify and show a snapshot that holds them, it need not write them. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { file, inOrder } from '../archives/entry.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { TempDir } from '../workroom.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** Every module takes the machine for this one. */
const WINDOWS = 'data:text/javascript,Object.defineProperty(process,"platform",{value:"win32"})';
const NAMES = ['CON', 'a:b.json', 'aux.json', 'trailing.', 'wild*?<>|'];

test('names that Windows does not allow are listed, verified and shown there', async () => {
  const snapshot = new TempDir().path('snapshot.tar.gz');
  writeFileSync(snapshot, buildSnapshot(inOrder(NAMES.map((name) => file(name, `in ${name}`)))));
  const run = (...words: string[]) => execa(process.execPath, ['--import', WINDOWS, MAIN, ...words]);
  const { stdout } = await run('list', snapshot);
  for (const name of NAMES) expect(stdout).toContain(name);
  await run('verify', snapshot);
  for (const name of NAMES) expect((await run('cat', snapshot, name)).stdout).toBe(`in ${name}`);
});
