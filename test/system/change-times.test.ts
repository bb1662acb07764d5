import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordsEveryWrite } from '../../src/system/change-times.ts';
import { describePlatform, HERE } from '../../src/system/platform.ts';
import { DISK_FOLDER } from '../test-folder.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** A program on the PATH that prints what mount(8) of macOS does. */
function withMount<Result>(lines: string[], act: () => Result): Result {
  const folder = room.fresh('bin');
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'mount'), `#!/bin/sh\ncat <<'E'\n${lines.join('\n')}\nE\n`, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${folder}:${PATH}`;
  try {
    return act();
  } finally {
    process.env.PATH = PATH;
  }
}

describe('whether inode and times show every write', () => {
  test.skipIf(!HERE.hasProc)('they do on the file system of a disk, not in memory, nor where nobody can look', () => {
    expect(recordsEveryWrite(DISK_FOLDER)).toBe(
      execFileSync('stat', ['-f', '-c', '%T', DISK_FOLDER]).toString() !== 'tmpfs\n',
    );
    if (fs.existsSync('/dev/shm')) expect(recordsEveryWrite('/dev/shm')).toBe(false);
    expect(recordsEveryWrite('/proc')).toBe(false);
    expect(recordsEveryWrite(room.path('nothing'))).toBe(false);
  });

  test('on macOS it is as mount(8) says', () => {
    const mac = describePlatform('darwin', '23.0.0');
    const lines = [
      '/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)',
      '/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)',
      '/dev/disk4s1 on /Volumes/USB stick (msdos, local, nodev, nosuid, noowners)',
      '//me@server/share on /Volumes/share (smbfs, nodev, nosuid, mounted by me)',
      'home:x on /Volumes/far (macfuse, nodev, synchronous)',
    ];
    const tells = (path: string) => withMount(lines, () => recordsEveryWrite(path, mac));
    expect(tells('/Users/me/.oxios')).toBe(true);
    expect(tells('/System/Volumes/Data/x')).toBe(true);
    expect(tells('/Volumes/USB stick/x')).toBe(false);
    expect(tells('/Volumes/USB sticker/x')).toBe(true);
    expect(tells('/Volumes/share')).toBe(false);
    expect(tells('/Volumes/far/x')).toBe(false);
    expect(withMount([], () => recordsEveryWrite('/', mac))).toBe(false);
  });
});
