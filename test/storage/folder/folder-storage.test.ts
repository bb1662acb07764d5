import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderStorage } from '../../../src/storage/folder/folder-storage.ts';
import { formatIdentity, ownIdentity, type ProcessIdentity } from '../../../src/system/process-identity.ts';
import { TempDir } from '../../workroom.ts';
import { objectsIn, storageSuite } from '../storage-suite.ts';

const room = new TempDir();

function emptyFolder(): string {
  const folder = room.fresh('folder');
  fs.mkdirSync(folder);
  return folder;
}

describe('a folder', () => {
  storageSuite(() => {
    const folder = emptyFolder();
    return { open: async () => new FolderStorage(folder), commitsOnce: true };
  });

  it('lists files alone: no folder, link or pipe, and nothing below', async () => {
    const folder = emptyFolder();
    fs.writeFileSync(path.join(folder, 'a.tar.gz'), 'a');
    fs.mkdirSync(path.join(folder, 'b.tar.gz'));
    fs.writeFileSync(path.join(folder, 'b.tar.gz', 'deeper.tar.gz'), 'b');
    fs.symlinkSync('a.tar.gz', path.join(folder, 'latest.tar.gz'));
    expect((await objectsIn(new FolderStorage(folder))).map(({ name }) => name)).toEqual(['a.tar.gz']);
  });

  it.each([
    ['missing', (folder: string) => path.join(folder, 'none')],
    ['a file', (folder: string) => path.join(folder, 'file')],
  ])('that is %s has nothing in it, and that is an error', async (_what, choose) => {
    const folder = emptyFolder();
    fs.writeFileSync(path.join(folder, 'file'), '');
    await expect(objectsIn(new FolderStorage(choose(folder)))).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
  });

  it('removes one name of a file; the others are what they were', async () => {
    const folder = emptyFolder();
    fs.writeFileSync(path.join(folder, 'a'), 'content');
    fs.linkSync(path.join(folder, 'a'), path.join(folder, 'b'));
    const storage = new FolderStorage(folder);
    const [a, b] = await objectsIn(storage);
    if (a === undefined || b === undefined) throw new Error('not listed');
    await storage.remove(a);
    expect((await storage.look('b'))?.version).toBe(b.version);
    await storage.remove(b);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('keeps a file that was written to since it was listed, also one with its old length and mtime', async () => {
    const folder = emptyFolder();
    const file = path.join(folder, 'a');
    fs.writeFileSync(file, 'content');
    const storage = new FolderStorage(folder);
    const [object] = await objectsIn(storage);
    if (object === undefined) throw new Error('not listed');
    const { atime, mtime } = fs.statSync(file);
    // ctime is as coarse as the clock of the kernel.
    for (const { ctimeNs } = fs.statSync(file, { bigint: true }); ; ) {
      fs.writeFileSync(file, 'CONTENT');
      fs.utimesSync(file, atime, mtime);
      if (fs.statSync(file, { bigint: true }).ctimeNs !== ctimeNs) break;
    }
    await expect(storage.remove(object)).rejects.toMatchObject({ code: 'SNAPSHOT_REPLACED', path: file });
    expect(fs.readFileSync(file, 'utf8')).toBe('CONTENT');
  });

  it('takes no record from what is no file of a sensible length', async () => {
    const folder = emptyFolder();
    fs.mkdirSync(path.join(folder, 'folder'));
    fs.writeFileSync(path.join(folder, 'file'), '{}');
    fs.symlinkSync('file', path.join(folder, 'link'));
    fs.writeFileSync(path.join(folder, 'large'), '');
    fs.truncateSync(path.join(folder, 'large'), 17 * 2 ** 20);
    const storage = new FolderStorage(folder);
    for (const name of ['folder', 'link', 'large']) expect(await storage.readRecord(name)).toBeNull();
    expect(Buffer.from((await storage.readRecord('file')) ?? []).toString()).toBe('{}');
  });

  it('clears what a run that was killed left, and names it', async () => {
    const folder = emptyFolder();
    const gone: ProcessIdentity = { ...ownIdentity(), pid: 4_194_304 };
    const name = `.oxios-backup-snapshot-${formatIdentity(gone)}-0123abcd.tmp`;
    fs.writeFileSync(path.join(folder, name), 'half a snapshot');
    const cleared = await new FolderStorage(folder).clearAbandoned();
    expect(cleared).toMatchObject([
      { path: path.join(folder, name), message: expect.stringMatching(/killed.*removed/) },
    ]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
