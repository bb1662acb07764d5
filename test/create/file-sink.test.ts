import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FileSink } from '../../src/create/file-sink.ts';
import { Workroom } from '../workroom.ts';

const room = new Workroom();
const volume = mountWithoutLinks();
afterAll(() => volume?.unmount());

/** A file system that knows no hard links; null where none can be mounted. */
function mountWithoutLinks(): { path: string; unmount: () => void } | null {
  const image = room.path('vfat.img');
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 4 * 2 ** 20);
  const mountPoint = room.path('vfat');
  if (spawnSync('mkfs.vfat', [image], { stdio: 'ignore' }).status !== 0) return null;
  if (spawnSync('mount', ['-o', 'loop', image, mountPoint], { stdio: 'ignore' }).status !== 0) return null;
  return { path: mountPoint, unmount: () => spawnSync('umount', [mountPoint]) };
}

const PLACES: [string, () => string, boolean][] = [
  ['with hard links', () => fs.mkdtempSync(path.join(room.root, 'links-')), true],
  [
    `without hard links${volume === null ? ' (skipped: no vfat can be mounted here)' : ''}`,
    () => fs.mkdtempSync(path.join(volume?.path ?? '', 'folder-')),
    volume !== null,
  ],
];

for (const [what, makeFolder, possible] of PLACES) {
  describe.skipIf(!possible)(`on a file system ${what}`, () => {
    test('what takes the name while the snapshot is made is never replaced', async () => {
      const folder = makeFolder();
      const output = path.join(folder, 's.tar.gz');
      const sink = new FileSink(output, false);
      sink.write(Buffer.from('new'));
      fs.writeFileSync(output, 'precious');
      await expect(sink.publish()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      sink.discard();
      expect(fs.readFileSync(output, 'utf8')).toBe('precious');
      expect(fs.readdirSync(folder)).toEqual(['s.tar.gz']);
    });

    test('of names that are made, one that is taken is passed over', async () => {
      const folder = makeFolder();
      const names = ['one', 'two', 'three'];
      fs.writeFileSync(path.join(folder, 'one'), 'precious');
      const sink = new FileSink(() => path.join(folder, names.shift() ?? ''), true);
      sink.write(Buffer.from('new'));
      fs.writeFileSync(path.join(folder, 'two'), 'precious too');
      await sink.publish();
      expect(sink.output).toBe(path.join(folder, 'three'));
      const held = fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]);
      expect(Object.fromEntries(held)).toEqual({ one: 'precious', two: 'precious too', three: 'new' });
    });

    test('a dangling link is something that has the name', async () => {
      const folder = makeFolder();
      const output = path.join(folder, 's.tar.gz');
      const sink = new FileSink(output, false);
      try {
        fs.symlinkSync('nowhere', output);
      } catch {
        // No symbolic links there either.
        return sink.discard();
      }
      await expect(sink.publish()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      sink.discard();
      expect(fs.readdirSync(folder)).toEqual(['s.tar.gz']);
    });
  });
}
