import { execFileSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeStoredMember } from '../../src/format/gzip-member.ts';
import { encodeManifestEntry } from '../../src/format/manifest.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { temporaryName } from '../../src/system/temporary-names.ts';
import { collect, temporaryFolder } from './collect.ts';

const TEMPORARY = 'a.json.77.0f8fad5b-d9cb-469f-a165-70867728950e.tmp';
const LOCK = '.x.oxios-backup.lock-0123456789abcdef';
const STAGING = '.x.oxios-backup.staging-0123456789abcdef';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function put(path: string, content: string | Uint8Array = 'x'): string {
  const absolute = join(folder.path, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, content);
  return absolute;
}

/** The beginning of a snapshot, which is all that is looked at. */
function snapshotOf(stateDir: string, hostname = os.hostname()): Uint8Array {
  const entry = encodeManifestEntry({
    version: 1,
    created_at: '2026-11-01T00:00:00Z',
    oxios_version: '1.0.0',
    sections: [],
    source: { platform: 'linux', hostname, state_dir: stateDir },
  });
  return encodeStoredMember('M', entry, NODE_CODEC);
}

/** Paths, with what was left out and why. */
async function outcome(options: Parameters<typeof collect>[1] = {}) {
  const { paths, excluded, notices } = await collect(folder.path, options);
  return { paths, excluded: Object.fromEntries(excluded.map(({ path, reason }) => [path, reason])), notices };
}

test('a write that was left behind is a file like any other', async () => {
  const old = put(`sessions/${TEMPORARY}`);
  utimesSync(old, 1_600_000_000, 1_600_000_000);
  put(`memory/${TEMPORARY}`);
  mkdirSync(join(folder.path, `d.${TEMPORARY}`));
  const { paths, excluded } = await outcome();
  expect(paths).toEqual([`d.${TEMPORARY}`, 'memory', 'sessions', `sessions/${TEMPORARY}`]);
  expect(excluded).toEqual({ [`memory/${TEMPORARY}`]: 'StateStore was writing it' });
});

test('what a restore puts beside a state directory is excluded only where that lies beside it', async () => {
  put(`kept/${LOCK}`);
  put(`kept/${STAGING}/a`);
  put(`live/${LOCK}`);
  put(`live/${STAGING}/a`);
  put('live/x/a.json');
  put('mine/.oxios-backup/note');
  put('mine/.oxios-backup.md');
  put('.oxios-backup/journal');
  const { paths, excluded } = await outcome();
  expect(paths).toEqual([
    ...['kept', `kept/${LOCK}`, `kept/${STAGING}`, `kept/${STAGING}/a`, 'live', 'live/x', 'live/x/a.json'],
    ...['mine', 'mine/.oxios-backup', 'mine/.oxios-backup/note', 'mine/.oxios-backup.md'],
  ]);
  expect(Object.keys(excluded)).toEqual(['.oxios-backup', `live/${LOCK}`, `live/${STAGING}`]);
});

test('what another run has in the making is excluded where this one writes, or while it is young', async () => {
  const old = new Date('2020-01-01');
  const names = [temporaryName('snapshot'), temporaryName('snapshot'), temporaryName('snapshot')] as const;
  utimesSync(put(`out/${names[0]}`), old, old);
  utimesSync(put(`keepsake/${names[1]}`), old, old);
  put(`elsewhere/${names[2]}`);
  const { paths, excluded } = await outcome({ folders: [join(folder.path, 'out')] });
  expect(paths).toEqual(['elsewhere', 'keepsake', `keepsake/${names[1]}`, 'out']);
  expect(Object.keys(excluded).sort()).toEqual([`elsewhere/${names[2]}`, `out/${names[0]}`]);
});

test('of a folder of backups only these are excluded', async () => {
  put(
    'backups/20261101/manifest.json',
    JSON.stringify({ version: 1, created_at: '2026-11-01T00:00:00Z', oxios_version: '1', sections: [] }),
  );
  put('backups/20261101/a.json');
  put('backups/of-mine/manifest.json', '{"version":1}');
  put('backups/a.tar.gz', snapshotOf('/elsewhere', 'another'));
  put('backups/b.tar.gz', 'not one of ours');
  put('deep/backups/20261101/manifest.json');
  const { paths, excluded } = await outcome();
  expect(paths).toEqual([
    ...['backups', 'backups/b.tar.gz', 'backups/of-mine', 'backups/of-mine/manifest.json'],
    ...['deep', 'deep/backups', 'deep/backups/20261101', 'deep/backups/20261101/manifest.json'],
  ]);
  expect(excluded).toEqual({
    'backups/20261101': 'a backup that Oxios made',
    'backups/a.tar.gz': 'a snapshot that oxios-backup made',
  });
});

test('an empty folder of backups is a folder', async () => {
  mkdirSync(join(folder.path, 'backups'));
  expect(await outcome()).toMatchObject({ paths: ['backups'], excluded: {} });
});

test('snapshots of this state directory are excluded where this one goes, and that is said once', async () => {
  put('out/1.tar.gz', snapshotOf(folder.path));
  put('out/2.tar.gz', snapshotOf(folder.path));
  put('out/of-another-machine.tar.gz', snapshotOf(folder.path, 'another'));
  put('out/of-another-directory.tar.gz', snapshotOf('/elsewhere'));
  put('out/text.tar.gz', 'no snapshot');
  put('out/under-another-name', snapshotOf(folder.path));
  put('kept/3.tar.gz', snapshotOf(folder.path));
  const link = join(folder.path, 'a-link');
  symlinkSync('out', link);
  const { paths, excluded, notices } = await outcome({ folders: [link] });
  expect(paths).toEqual([
    ...['a-link', 'kept', 'kept/3.tar.gz', 'out', 'out/of-another-directory.tar.gz'],
    ...['out/of-another-machine.tar.gz', 'out/text.tar.gz', 'out/under-another-name'],
  ]);
  expect(Object.keys(excluded)).toEqual(['out/1.tar.gz', 'out/2.tar.gz']);
  expect(notices.map(({ path }) => path)).toEqual(['out/1.tar.gz']);
});

test('the state directory by another path is the same', async () => {
  const link = `${folder.path}-link`;
  symlinkSync(folder.path, link);
  put('1.tar.gz', snapshotOf(link));
  expect((await outcome({ folders: [folder.path] })).excluded).toEqual({
    '1.tar.gz': 'a snapshot of this state directory',
  });
  execFileSync('rm', [link]);
});

const mountable = process.getuid?.() === 0 && spawnable('mkfs.ext4');

function spawnable(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command} && test -e /dev/loop-control`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a folder called lost+found is state where no file system begins', async () => {
  put('lost+found/a');
  expect((await outcome()).paths).toEqual(['lost+found', 'lost+found/a']);
});

test.skipIf(!mountable)(
  'lost+found at the top of a file system is no state (needs root, mkfs.ext4, loop devices)',
  async () => {
    const image = `${folder.path}.img`;
    execFileSync('truncate', ['-s', '8M', image]);
    execFileSync('mkfs.ext4', ['-q', image]);
    const mounts = [folder.path, join(folder.path, 'disk')];
    execFileSync('mount', ['-t', 'tmpfs', 'none', folder.path]);
    try {
      mkdirSync(mounts[1] as string);
      execFileSync('mount', ['-o', 'loop', image, mounts[1] as string]);
      put('disk/a.json');
      mkdirSync(join(folder.path, 'disk/deep/lost+found'), { recursive: true });
      expect(lstatSync(join(folder.path, 'disk/lost+found')).isDirectory()).toBe(true);
      const { paths, excluded } = await outcome();
      expect(paths).toEqual(['disk', 'disk/a.json', 'disk/deep', 'disk/deep/lost+found']);
      expect(excluded).toEqual({ 'disk/lost+found': 'what the system keeps at the top of a volume' });
      const top = await collect(mounts[1] as string);
      expect(top.paths).toEqual(['a.json', 'deep', 'deep/lost+found']);
    } finally {
      for (const mount of mounts.reverse()) execFileSync('umount', ['-l', mount]);
      execFileSync('rm', ['-f', image]);
    }
  },
);

test('a hard link to what is excluded is a file', async () => {
  const snapshot = put('out/1.tar.gz', snapshotOf(folder.path));
  linkSync(snapshot, join(folder.path, 'kept.tar.gz'));
  const { paths } = await outcome({ folders: [join(folder.path, 'out')] });
  expect(paths).toEqual(['kept.tar.gz', 'out']);
});
