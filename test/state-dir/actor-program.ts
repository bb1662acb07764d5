import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'oxios-actor-'));
// Some tests run it as another user.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The actor, from the sources as they are, as a program for Node: what it calls is not for the users of the library. */
export const ACTOR = join(folder, 'actor.mjs');

/** What the actor is to take this machine for. Default: for what it is. */
const platform = process.env.OXIOS_TEST_PLATFORM;

buildSync({
  entryPoints: [fileURLToPath(new URL('./actor.ts', import.meta.url))],
  outfile: ACTOR,
  bundle: true,
  platform: 'node',
  format: 'esm',
  define: platform === undefined ? {} : { 'process.platform': JSON.stringify(platform) },
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});
