import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the tests, and the programs that they start, caches of their own: not those of the user. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'oxios-test-cache-'));
  process.env.XDG_CACHE_HOME = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
