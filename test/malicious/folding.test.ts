import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupError, restoreBackup, StateStore } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, type Entry, file } from '../archives/entry.ts';
import { mountApfsLike } from '../file-systems/folding.ts';
import { whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';
import { carrying } from './attack.ts';
import { mountFolding } from './small-file-system.ts';

const room = new TempDir();
/** The kernel's own, else one through FUSE. */
const folding = mountFolding();
const skip = folding === null ? whyNotLimited() : null;
let root = folding?.directory ?? '';
let unmount = async () => folding?.unmount();

beforeAll(async () => {
  if (folding !== null || skip !== null) return;
  const disk = await mountApfsLike();
  root = disk.directory;
  unmount = disk.unmount;
});
afterAll(() => unmount());

const TWINS: Record<string, Entry[]> = {
  'two cases of one file': [file('NOTES.md')],
  'two cases of one directory': [directory('Memory')],
  'a file and a directory': [file('MEMORY')],
  'two cases below one directory': [file('memory/facts/A.json', '{}')],
  'two spellings of one letter': [file('re\u0301sume\u0301'), file('résumé')],
};

describe.skipIf(skip !== null)(`on a file system that folds names${skip === null ? '' : ` (skipped: ${skip})`}`, () => {
  for (const form of ['sealed', 'foreign'] as const) {
    test.each(Object.entries(TWINS))(`${form}: %s`, async (name, entries) => {
      const archive = room.path('archive.tar.gz');
      writeFileSync(archive, carrying(entries)[form]());
      const folder = join(root, `${form} ${name}`);
      mkdirSync(folder);
      const error: BackupError = await restoreBackup(new StateStore(join(folder, 'target')), archive).catch((e) => e);
      expect(error.code).toBe('NAME_COLLISION');
      expect(readdirSync(folder)).toEqual([]);
    });
  }
});
