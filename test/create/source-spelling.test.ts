/** Where names fold, a state directory is one source under all of its spellings. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, findLatest, planSnapshot, pruneSnapshots } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountApfsLike } from '../file-systems/folding.ts';
import { type LimitedFileSystem, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const skip = whyNotLimited();
let disk: LimitedFileSystem;
let next = 0;

beforeAll(async () => {
  if (skip === null) disk = await mountApfsLike();
});
afterAll(async () => {
  if (skip === null) await disk.unmount();
});

/** A filled state directory by two spellings, of its parent too: as it is stored, and another. */
function spellings(): [string, string] {
  const parent = join(disk.directory, `Home-${next++}`);
  const stored = join(parent, 'State-é');
  mkdirSync(stored, { recursive: true });
  writeFileSync(join(stored, 'config.toml'), 'a = 1');
  return [stored, join(disk.directory, `hOME-${next - 1}`, 'STATE-e\u0301')];
}

describe.skipIf(skip !== null)(`a source of two spellings (${skip ?? 'FUSE'})`, () => {
  test('is one: in the manifest, for a parent, for prune and for the latest', async () => {
    const [stored, other] = spellings();
    const folder = room.fresh('snapshots');
    mkdirSync(folder);
    expect((await planSnapshot({ stateDir: other })).stateDir).toBe(stored);
    for (const stateDir of [stored, other, stored]) {
      const { manifest, reuse } = await createSnapshot({ stateDir, output: { folder } });
      expect(manifest.source?.state_dir).toBe(stored);
      if (stateDir === other) expect(reuse).not.toBeNull();
    }
    const { groups, removed } = await pruneSnapshots({ folder, keepLast: 1, dryRun: true });
    expect([groups.length, removed.length]).toEqual([1, 0]);
    expect(groups[0]?.source).toMatchObject({ stateDir: stored });
    const { snapshot } = await findLatest({ folder, source: { stateDir: other } });
    expect(snapshot.name).toBe(readdirSync(folder).sort().at(-1));
  });

  test('keeps the links on the way to it', async () => {
    const [stored] = spellings();
    symlinkSync(stored, join(disk.directory, `Link-${next}`));
    const { stateDir } = await planSnapshot({ stateDir: join(disk.directory, `lINK-${next}`) });
    expect(stateDir).toBe(join(disk.directory, `Link-${next}`));
  });

  test('does not take in what it wrote into itself by another spelling', async () => {
    const [stored, other] = spellings();
    mkdirSync(join(stored, 'Saved'));
    const output = { folder: join(other, 'sAVED') };
    for (let n = 0; n < 2; n++) {
      const { totals } = await createSnapshot({ stateDir: stored, output });
      expect(totals.files).toBe(1);
    }
  });
});
