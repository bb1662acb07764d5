import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupError, restoreBackup, StateStore } from 'oxios-backup';
import { afterAll, describe, expect, test } from 'vitest';
import { directory, type Entry, file } from '../archives/entry.ts';
import { carrying } from './attack.ts';
import { mountFolding } from './small-file-system.ts';

const folding = mountFolding();
// Hooks do not run where all tests are skipped.
const folder = folding === null ? '' : mkdtempSync(join(tmpdir(), 'oxios-folding-'));

afterAll(() => {
  folding?.unmount();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

const TWINS: Record<string, Entry[]> = {
  'two cases of one file': [file('NOTES.md')],
  'two cases of one directory': [directory('Memory')],
  'a file and a directory': [file('MEMORY')],
  'two cases below one directory': [file('memory/facts/A.json', '{}')],
  'two spellings of one letter': [file('re\u0301sume\u0301'), file('résumé')],
};

const reason = folding === null ? ' (skipped: no file system that folds names can be mounted here)' : '';

describe.skipIf(folding === null)(`on a file system that folds names${reason}`, () => {
  for (const form of ['sealed', 'unsealed'] as const) {
    test.each(Object.entries(TWINS))(`${form}: %s`, async (_name, entries) => {
      const archive = join(folder, 'archive.tar.gz');
      writeFileSync(archive, carrying(entries)[form]());
      const root = folding?.directory ?? '';
      const error: BackupError = await restoreBackup(new StateStore(join(root, 'target')), archive).catch((e) => e);
      expect(error.code).toBe('NAME_COLLISION');
      expect(readdirSync(root)).toEqual([]);
    });
  }
});
