import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BackupError, restoreBackup, StateStore } from 'oxios-backup';
import { afterAll, describe, expect, test } from 'vitest';
import { type Entry, file } from '../archives/entry.ts';
import { carrying } from './attack.ts';
import { mountSmall } from './small-file-system.ts';
import { VECTORS } from './vectors.ts';

const MIB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'oxios-bombs-'));
const small = mountSmall(16 * MIB, 400);

afterAll(() => {
  small?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

const HUGE: Record<string, Entry[]> = {
  'a file of 200 MiB': [file('large', Buffer.alloc(200 * MIB, 'x'))],
  'sixty files of 1 MiB': Array.from({ length: 60 }, (_, at) => file(`whole-${at}`, Buffer.alloc(MIB, 'x'))),
  '5,000 empty files': Array.from({ length: 5000 }, (_, at) => file(`empty-${at}`, '')),
};

const reason = small === null ? ' (skipped: no small file system can be mounted here)' : '';

describe.skipIf(small === null)(`more than fits on the file system${reason}`, () => {
  for (const form of ['sealed', 'foreign'] as const) {
    test.each(Object.entries(HUGE))(`${form}: %s`, async (_name, entries) => {
      const archive = join(folder, 'archive.tar.gz');
      writeFileSync(archive, carrying(entries)[form]());
      const root = small?.directory ?? '';
      const error: BackupError = await restoreBackup(new StateStore(join(root, 'target')), archive).catch((e) => e);
      expect(error.code).toBe('NO_SPACE');
      expect(readdirSync(root)).toEqual([]);
    });
  }
});

const COMMAND = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const MEASURE = `
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)`;

describe('memory', () => {
  const bombs = VECTORS.filter(({ name }) => /1 GiB|7 GiB|8 GiB|2 MiB|20 MiB|20,000|10,000|100,000/.test(name));
  test.each(bombs)('$form: $name: verified within 512 MiB', ({ bytes, verify }) => {
    const archive = join(folder, 'archive.tar.gz');
    writeFileSync(archive, bytes());
    const { stdout } = spawnSync('python3', ['-c', MEASURE, process.execPath, COMMAND, 'verify', archive]);
    const [status, mebibytes] = stdout.toString().trim().split(' ').map(Number);
    expect(status).toBe(verify === 'accepted' ? 0 : 4);
    expect(mebibytes).toBeLessThan(512);
  });
});
