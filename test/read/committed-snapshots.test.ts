import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBackup, type Entry, listEntries, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../fixtures/snapshots/', import.meta.url));
const recorded = readFileSync(join(folder, 'v1-entries.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Entry);

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'oxios-backup-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);

describe('snapshots of format version 1, as they were written once', () => {
  for (const name of ['v1-file.tar.gz', 'v1-pipe.tar.gz']) {
    it(`${name} verifies, and its index says what it said`, async () => {
      const result = await verifySnapshot({ snapshot: join(folder, name) });
      expect(result.problems).toEqual([]);
      expect(result.sealed).toBe(true);
      const entries: unknown[] = [];
      for await (const { path, type, mode, mtime, mtimeNs, size, link, sha256 } of listEntries({
        snapshot: join(folder, name),
      })) {
        entries.push(JSON.parse(JSON.stringify({ path, type, mode, mtime, mtimeNs, size, link, sha256 })));
      }
      expect(entries).toEqual(recorded);
    });
  }

  for (const name of ['v1-file.tar.gz', 'v1-pipe.tar.gz', 'v1-repacked.tar.gz']) {
    it(`${name} restores to the same files`, async () => {
      const stateDir = join(work, name);
      const result = await restoreBackup(new StateStore(stateDir), join(folder, name));
      expect(result.complete).toBe(true);
      expect(result.manifest.oxios_version).toBe('0.3.1');
      expect(result.restored.entries).toBe(recorded.length);
      const again = join(work, `again-${name}`);
      await createBackup(new StateStore(stateDir), again);
      const contents: unknown[] = [];
      for await (const { path, type, mode, size, link, sha256 } of listEntries({ snapshot: again })) {
        if (type !== 'hardlink') contents.push({ path, type, mode, size, link, sha256 });
      }
      const expected = recorded
        .filter(({ type }) => type !== 'hardlink')
        .map(({ path, type, mode, size, link, sha256 }) => ({ path, type, mode, size, link, sha256 }));
      expect(contents.sort(byPath as never)).toEqual(expected.sort(byPath as never));
    });
  }
});
