import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no file can be made immutable here; null if one can. It stands for what macOS calls locked. */
export const noImmutable = ((): string | null => {
  const probe = mkdtempSync(join(tmpdir(), 'oxios-immutable-'));
  const file = join(probe, 'file');
  writeFileSync(file, '');
  const { status } = spawnSync('chattr', ['+i', file]);
  if (status === 0) spawnSync('chattr', ['-i', file]);
  rmSync(probe, { recursive: true });
  return status === 0 ? null : 'chattr +i is not to be had';
})();
