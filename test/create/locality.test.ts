import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { membersOf } from '../damage/members.ts';
import { noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

// A member holds about 1 MiB, and three changes can touch six of them. So that those are less than 2 % there must be over 300: the
// files are of 20 KiB, 400 MB in all. Of a tree of fewer bytes the same three changes are a larger share.
const FILES = 20_000;
const MEAN = 20_480;

function buildTree(root: string): string[] {
  // One piece of noise, cut at other places for each file: as good as fresh, and quick.
  const pool = noise(4 * MEAN, 1);
  const paths: string[] = [];
  for (let i = 0; i < FILES; i++) {
    const folder = join(root, ['memory/facts', 'sessions', 'memory/knowledge', 'notes'][i % 4] as string);
    if (i < 4) fs.mkdirSync(folder, { recursive: true });
    const at = (i * 7919) % (2 * MEAN);
    const path = join(folder, `${createHash('md5').update(String(i)).digest('hex')}.json`);
    fs.writeFileSync(path, pool.subarray(at, at + MEAN / 2 + ((i * 104_729) % MEAN)));
    paths.push(path);
  }
  return paths;
}

async function entryMembers(root: string): Promise<Set<string>> {
  const output = room.fresh('snapshot');
  await createBackup(new StateStore(root), output, { oxiosVersion: '0.3.0', level: 1 });
  const bytes = fs.readFileSync(output);
  fs.rmSync(output);
  const digest = (part: Buffer) => createHash('sha256').update(part).digest('hex');
  return new Set(
    membersOf(bytes)
      .filter(({ kind }) => kind === 'D')
      .map(({ offset, length }) => digest(bytes.subarray(offset, offset + length))),
  );
}

test('of 20,000 files one changed, one added, one removed: 98 % of the members stay byte for byte', async () => {
  const root = room.path('tree');
  const paths = buildTree(root);
  const before = await entryMembers(root);
  expect(before.size).toBeGreaterThan(300);
  fs.writeFileSync(paths[FILES / 4] as string, 'changed, and shorter than before');
  fs.writeFileSync(join(root, 'sessions/added.json'), noise(MEAN, 5));
  fs.unlinkSync(paths[(FILES / 4) * 3 + 1] as string);
  const after = await entryMembers(root);
  const kept = [...after].filter((member) => before.has(member)).length;
  expect(kept / after.size).toBeGreaterThanOrEqual(0.98);
});
