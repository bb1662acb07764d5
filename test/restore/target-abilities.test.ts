import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { type BackupEvent, createBackup, restoreBackup, StateStore, salvageSnapshot, undoRestore } from 'oxios-backup';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { probeAbilities } from '../../src/restore/target-abilities.ts';
import { type Lacks, type LimitedFileSystem, mountLimited, whyNotLimited } from '../file-systems/limited.ts';
import { actWith, hasStrace } from '../torture/faults.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const state = room.path('state');
const snapshot = room.path('snapshot.tar.gz');
const [noFuse, why] = [whyNotLimited() !== null, whyNotLimited()];
const reason = why === null ? '' : ` (skipped: ${why})`;

let disk: LimitedFileSystem | undefined;

beforeAll(async () => {
  fs.mkdirSync(join(state, 'sessions'), { recursive: true });
  fs.writeFileSync(join(state, 'sessions/a.json'), '{}', { mode: 0o600 });
  fs.writeFileSync(join(state, 'first'), 'several names '.repeat(200_000), { mode: 0o640 });
  fs.utimesSync(join(state, 'first'), 1_700_000_000, 1_700_000_000);
  for (const name of ['second', 'third', 'sessions/fourth']) fs.linkSync(join(state, 'first'), join(state, name));
  await createBackup(new StateStore(state), snapshot);
});

afterEach(async () => {
  await disk?.unmount();
  disk = undefined;
});

/** Restores to a file system that lacks something; what was said, and where it went. */
async function restoreTo(lacks: Lacks, from = snapshot, options: Parameters<typeof restoreBackup>[2] = {}) {
  disk = await mountLimited(lacks);
  const notices: BackupEvent[] = [];
  const onEvent = (event: BackupEvent) => {
    if (event.type === 'notice') notices.push(event);
  };
  const target = join(disk.directory, 'workspace');
  const result = await restoreBackup(new StateStore(target), from, { ...options, onEvent });
  return { target, result, notices };
}

/** A tree in which each name is a file of its own. */
const withoutLinks = (tree: Map<string, TreeNode>) =>
  new Map([...tree].map(([path, node]) => [path, { ...node, names: path }]));

describe('hard links that cannot be made', () => {
  test.skipIf(noFuse).each(['EPERM', 'ENOTSUP', 'ENOSYS'])(
    `%s: are copies, and one notice says so${reason}`,
    async (no) => {
      const { target, result, notices } = await restoreTo({ deny: { link: no } });
      expect(result.complete).toBe(true);
      for (const name of ['first', 'second', 'third', 'sessions/fourth']) {
        const [was, is] = [fs.lstatSync(join(state, name)), fs.lstatSync(join(target, name))];
        expect(is).toMatchObject({ nlink: 1, mode: was.mode, mtimeMs: was.mtimeMs, size: was.size });
        expect(fs.readFileSync(join(target, name)).equals(fs.readFileSync(join(state, name)))).toBe(true);
      }
      expect(notices).toEqual([
        expect.objectContaining({ path: 'second', message: expect.stringContaining('2 more hard links are copies') }),
      ]);
    },
  );

  test.skipIf(noFuse)(`holes stay holes in a copy${reason}`, async () => {
    const tree = room.fresh('sparse');
    fs.mkdirSync(tree);
    fs.writeFileSync(join(tree, 'a'), 'begin');
    fs.truncateSync(join(tree, 'a'), 8 * 2 ** 20);
    fs.linkSync(join(tree, 'a'), join(tree, 'b'));
    const file = room.fresh('sparse.tar.gz');
    await createBackup(new StateStore(tree), file);
    const { target } = await restoreTo({ deny: { link: 'EPERM' } }, file);
    const [a, b] = ['a', 'b'].map((name) => fs.readFileSync(join(target, name)));
    expect(b?.equals(a as Buffer)).toBe(true);
    expect(b?.subarray(0, 5).toString()).toBe('begin');
    expect(fs.statSync(join(target, 'b')).blocks).toBeLessThan(100);
  });

  test.skipIf(noFuse)(`salvage copies them too${reason}`, async () => {
    disk = await mountLimited({ deny: { link: 'EPERM' } });
    const folder = join(disk.directory, 'rescued');
    expect(await salvageSnapshot({ snapshot, directory: folder })).toMatchObject({ complete: true, lost: [] });
    expect(fs.readFileSync(join(folder, 'third'), 'utf8')).toBe('several names '.repeat(200_000));
  });

  test.skipIf(!hasStrace)('a file that has all the names that it may have goes on under a copy', async () => {
    const back = room.fresh('back');
    // The first is the probe: that the file system can.
    const outcome = await actWith('link,linkat:error=EMLINK:when=3', ['restore', snapshot, back]);
    expect(outcome).toMatchObject({ kind: 'done', complete: true });
    const inode = (name: string) => fs.lstatSync(join(back, name)).ino;
    expect(inode('second')).toBe(inode('first'));
    expect(inode('sessions/fourth')).not.toBe(inode('first'));
    expect(inode('third')).toBe(inode('sessions/fourth'));
    expect(compareTrees(withoutLinks(readTree(state)), withoutLinks(readTree(back)))).toEqual([]);
  });

  test.skipIf(noFuse)(`room for the copies is asked for before${reason}`, async () => {
    const big = room.fresh('big');
    fs.mkdirSync(big);
    disk = await mountLimited({ deny: { link: 'EPERM' } });
    const { bavail, bsize } = fs.statfsSync(disk.directory);
    fs.writeFileSync(join(big, 'a'), '');
    // A hole: nothing of it is stored anywhere.
    fs.truncateSync(join(big, 'a'), 64 * 2 ** 20);
    const names = Math.floor((bavail * bsize) / (64 * 2 ** 20)) + 2;
    if (names > 60_000) return;
    for (let i = 0; i < names; i++) fs.linkSync(join(big, 'a'), join(big, `b${i}`));
    const file = room.fresh('big.tar.gz');
    await createBackup(new StateStore(big), file);
    const restoring = restoreBackup(new StateStore(join(disk.directory, 'workspace')), file);
    await expect(restoring).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(fs.readdirSync(disk.directory)).toEqual([]);
  });
});

describe('symbolic links that cannot be made', () => {
  const linked = room.path('linked.tar.gz');
  beforeAll(async () => {
    const tree = room.fresh('linked');
    fs.mkdirSync(tree);
    fs.writeFileSync(join(tree, 'file'), 'x');
    fs.symlinkSync('file', join(tree, 'link'));
    fs.symlinkSync('/etc/passwd', join(tree, 'out'));
    await createBackup(new StateStore(tree), linked);
  });

  test.skipIf(noFuse)(`are named before anything is written${reason}`, async () => {
    await expect(restoreTo({ deny: { symlink: 'EPERM' } }, linked, { externalLinks: 'keep' })).rejects.toMatchObject({
      code: 'LINKS_UNSUPPORTED',
      kind: 'failed',
      message: expect.stringContaining('"link"'),
    });
    expect(fs.readdirSync(disk?.directory ?? '')).toEqual([]);
  });

  test.skipIf(noFuse)(`keep out no others${reason}`, async () => {
    const { target } = await restoreTo({ deny: { symlink: 'EPERM' } }, linked, { paths: ['file'] });
    expect(fs.readdirSync(target)).toEqual(['file']);
  });

  test.skipIf(noFuse)(`are lost in a salvage, by name${reason}`, async () => {
    disk = await mountLimited({ deny: { symlink: 'EPERM' } });
    const { lost, complete } = await salvageSnapshot({ snapshot: linked, directory: join(disk.directory, 'rescued') });
    expect(complete).toBe(false);
    expect(lost.map(({ path }) => path)).toEqual(['link', 'out']);
  });
});

describe('permissions that are not held', () => {
  test.skipIf(noFuse)(`as on FAT: restored, replaced and put back, with a notice${reason}`, async () => {
    const lacks = { modeless: true, deny: { chmod: 'EPERM', link: 'EPERM', chown: 'EPERM' } };
    const { target, notices } = await restoreTo(lacks);
    expect(fs.readFileSync(join(target, 'sessions/a.json'), 'utf8')).toBe('{}');
    expect(notices).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('holds no permissions') }),
    );
    await restoreBackup(new StateStore(target), snapshot, { mode: 'replace' });
    await undoRestore({ stateDir: target });
    expect(fs.readFileSync(join(target, 'sessions/a.json'), 'utf8')).toBe('{}');
  });
});

test.skipIf(noFuse).each([{}, { link: 'EPERM' }])(
  `where files grow by writing alone, zeros are written (denied: %j)${reason}`,
  async (deny) => {
    const zeros = room.fresh('zeros');
    fs.mkdirSync(zeros);
    const content = Buffer.concat([Buffer.alloc(200_000), Buffer.from('middle'), Buffer.alloc(3_000_000)]);
    fs.writeFileSync(join(zeros, 'data.mdb'), content);
    fs.linkSync(join(zeros, 'data.mdb'), join(zeros, 'other'));
    fs.writeFileSync(join(zeros, 'small'), Buffer.alloc(70_000));
    const from = room.fresh('zeros.tar.gz');
    await createBackup(new StateStore(zeros), from);
    const { target } = await restoreTo({ sequential: true, deny }, from);
    for (const name of ['data.mdb', 'other']) expect(fs.readFileSync(join(target, name)).equals(content)).toBe(true);
    expect(fs.readFileSync(join(target, 'small')).equals(Buffer.alloc(70_000))).toBe(true);
  },
);

test('a file system that can do all is found to', () => {
  expect(probeAbilities(room.root)).toEqual({ hardLinks: true, symlinks: true, modes: true, holes: true });
});

/** The real one, where the kernel has it. */
function mountFat(): string | null {
  const [image, directory] = [room.path('fat'), room.path('fat-mounted')];
  fs.mkdirSync(directory);
  try {
    execFileSync('truncate', ['-s', '64M', image]);
    execFileSync('mkfs.vfat', [image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, directory], { stdio: 'ignore' });
    return directory;
  } catch {
    return null;
  }
}

const fat = mountFat();

test.skipIf(fat === null)(`on FAT${fat === null ? ' (skipped: none can be mounted here)' : ''}`, async () => {
  try {
    const target = join(fat as string, 'workspace');
    await restoreBackup(new StateStore(target), snapshot);
    expect(fs.readFileSync(join(target, 'third'), 'utf8')).toBe('several names '.repeat(200_000));
  } finally {
    spawnSync('umount', [fat as string]);
  }
});
