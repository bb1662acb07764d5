/** Files and folders that are no snapshots, made by the programs that make them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createSnapshot, restoreSnapshot, salvageSnapshot, showSnapshot, verifySnapshot } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
const MANIFEST = '{"version":1,"created_at":"2026-10-01T02:03:04Z","oxios_version":"0.3.0","sections":[]}';

function sh(line: string): void {
  execFileSync('bash', ['-ec', line], { cwd: room.root, stdio: ['ignore', 'ignore', 'inherit'] });
}

beforeAll(async () => {
  mkdirSync(room.path('state/sessions'), { recursive: true });
  writeFileSync(room.path('state/sessions/a.json'), '{}');
  writeFileSync(room.path('state/notes.txt'), 'hello');
  await createSnapshot({ stateDir: room.path('state'), output: room.path('s.tar.gz'), oxiosVersion: '0.3.0' });
  cpSync(room.path('state'), room.path('backup'), { recursive: true });
  writeFileSync(room.path('backup/manifest.json'), MANIFEST);
});

const FILES: [name: string, make: string, what: string, hint: RegExp][] = [
  ['a.zip', `python3 -m zipfile -c a.zip state`, 'is a ZIP archive', /unzip \S+a\.zip -d DIR.*`importBackup\(\)`/],
  ['gnu.tar', 'tar -cf gnu.tar -C state .', 'is a tar that is not compressed', /tar -xf \S+gnu\.tar -C DIR/],
  ['bsd.tar', 'bsdtar -cf bsd.tar -C state notes.txt', 'is a tar that is not compressed', /tar -xf/],
  ['own.tar', 'gzip -dc s.tar.gz > own.tar', 'is a tar that is not compressed', /gzip -k \S+own\.tar$/],
  ['dir.tar', 'tar -cf dir.tar -C backup manifest.json notes.txt', 'is a tar that', /gzip -k \S+dir\.tar$/],
  ['a.zst', 'zstd -q s.tar.gz -o a.zst', 'zstd has compressed', /zstd -d \S+a\.zst$/],
  ['a.xz', 'xz -c s.tar.gz > a.xz', 'xz has compressed', /xz -dk/],
  ['a.bz2', 'bzip2 -c s.tar.gz > a.bz2', 'bzip2 has compressed', /bzip2 -dk/],
  ['a.7z', '7z a a.7z state', 'is a 7-Zip archive', /7z x/],
  [
    'a.age',
    'age-keygen -o key; age -r $(age-keygen -y key) -o a.age s.tar.gz',
    'age has encrypted',
    /age -d -o snapshot\.tar\.gz \S+a\.age$/,
  ],
  ['a.db', "sqlite3 a.db 'create table t (a)'", 'is an SQLite database', /name the \.tar\.gz/],
];

describe('a file of another kind', () => {
  test.each(FILES)('%s', async (name, make, what, hint) => {
    const [tool = ''] = make.split(' ');
    if (spawnSync('which', [tool]).status !== 0) return;
    sh(make);
    const snapshot = room.path(name);
    const refusal = {
      code: 'NOT_A_SNAPSHOT',
      message: expect.stringContaining(what),
      path: snapshot,
      hint: expect.stringMatching(hint),
    };
    await expect(showSnapshot({ snapshot })).rejects.toMatchObject(refusal);
    await expect(restoreSnapshot({ snapshot, stateDir: room.path('new') })).rejects.toMatchObject(refusal);
    await expect(salvageSnapshot({ snapshot, directory: room.path('out') })).rejects.toMatchObject(refusal);
    const { valid, problems } = await verifySnapshot({ snapshot });
    expect({ valid, problems }).toMatchObject({ valid: false, problems: [{ code: 'NOT_A_SNAPSHOT' }] });
    expect([existsSync(room.path('new')), existsSync(room.path('out'))]).toEqual([false, false]);
  });

  test('what its hint says helps: a tar that begins with a manifest, compressed', async () => {
    sh('gzip -dc s.tar.gz > again.tar; gzip -k again.tar');
    expect(await showSnapshot({ snapshot: room.path('again.tar.gz') })).toMatchObject({ sealed: false });
    sh('zstd -q s.tar.gz -o again.zst; zstd -dc again.zst > again2.tar.gz');
    expect(await showSnapshot({ snapshot: room.path('again2.tar.gz') })).toMatchObject({ sealed: true });
  });

  test('a name that a shell would act upon is in no command', async () => {
    sh('python3 -m zipfile -c "a b;c.zip" state');
    const error = await showSnapshot({ snapshot: room.path('a b;c.zip') }).catch((caught) => caught);
    expect(error.hint).toContain('unzip FILE -d DIR');
  });
});

describe('a gzip file', () => {
  test.each([
    ['of a text', 'echo hello | gzip > text.gz', 'text.gz'],
    ['of more than a block', 'seq 10000 | gzip > long.gz', 'long.gz'],
  ])('%s holds no tar', async (_name, make, name) => {
    sh(make);
    await expect(showSnapshot({ snapshot: room.path(name) })).rejects.toMatchObject({
      message: expect.stringContaining('is a gzip file, but what it holds is no tar, or damaged'),
      hint: expect.stringContaining('gzip -dc FILE | file -'),
    });
  });

  test('a tar.gz without a manifest is to be unpacked', async () => {
    sh('tar -czf bare.tar.gz -C state .');
    await expect(showSnapshot({ snapshot: room.path('bare.tar.gz') })).rejects.toMatchObject({
      code: 'MANIFEST_MISSING',
      hint: expect.stringMatching(/`importBackup\(\)`; .*`createSnapshot\(\)`/),
    });
  });

  test('that was cut is still one that was cut', async () => {
    sh('tar -czf whole.tar.gz -C backup manifest.json notes.txt; head -c 60 whole.tar.gz > cut.tar.gz');
    await expect(showSnapshot({ snapshot: room.path('cut.tar.gz') })).rejects.toMatchObject({
      code: 'SNAPSHOT_TRUNCATED',
    });
  });
});

describe('a directory', () => {
  test.each([
    ['backup', 'a directory backup that Oxios made', /`importBackup\(\)`/],
    ['state', 'a state directory', /`createSnapshot\(\)`/],
    ['folder', 'a folder of snapshots', /`findLatest\(\)`/],
    ['other', 'a directory, not a snapshot, and there is none in it', /\.tar\.gz file itself/],
  ])('%s', async (name, what, hint) => {
    sh('mkdir -p folder other; cp s.tar.gz folder; touch other/file');
    await expect(showSnapshot({ snapshot: room.path(name) })).rejects.toMatchObject({
      code: 'SNAPSHOT_MISSING',
      message: expect.stringContaining(what),
      hint: expect.stringMatching(hint),
    });
  });
});
