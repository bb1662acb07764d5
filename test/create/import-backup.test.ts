import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type BackupEvent, createSnapshot, importBackup, showSnapshot, verifySnapshot } from 'oxios-backup';
import { describe, expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MANIFEST = {
  version: 1,
  created_at: '2026-10-01T04:03:04.123456789+02:00',
  oxios_version: '0.3.0',
  sections: [
    { name: 'seeds', entry_count: 0 },
    { name: 'sessions', entry_count: 2 },
    { name: 'memory/facts', entry_count: 1 },
  ],
};

/** A directory as Oxios's `create_backup` makes it: the categories are counted, the state directory is copied, the manifest is written last. */
function backup(manifest: unknown = MANIFEST): string {
  const directory = room.fresh('backup');
  const files = {
    'sessions/a.json': '{"id":"a"}',
    'sessions/b.json': '{"id":"b"}',
    'memory/facts/coffee.md': '# Coffee\n',
    'memory.log': 'line\n',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(`${directory}/${name}`), { recursive: true });
    writeFileSync(`${directory}/${name}`, content);
  }
  symlinkSync('memory.log', `${directory}/link`);
  utimesSync(`${directory}/memory.log`, 1000, 1000);
  if (manifest !== null) writeFileSync(`${directory}/manifest.json`, JSON.stringify(manifest));
  return directory;
}

const dated = (created_at: string) => backup({ ...MANIFEST, created_at });

/** A backup whose manifest lies beside it, and a link in its place. */
function linked(target: string): string {
  const directory = backup();
  renameSync(`${directory}/manifest.json`, path.join(directory, '../m.json'));
  symlinkSync(target, `${directory}/manifest.json`);
  return directory;
}

const stateDir = room.path('home/workspace');

test('the snapshot has the time, the version and the source of the backup, and every file of it', async () => {
  const directory = backup();
  const before = readdirSync(directory, { recursive: true }).sort();
  const output = room.fresh('s.tar.gz');
  const result = await importBackup({ directory, output, stateDir, host: 'attic' });
  expect(result).toMatchObject({ directory, complete: true, sectionDifferences: [], droppedFields: [], excluded: [] });
  expect(await verifySnapshot({ snapshot: output })).toMatchObject({ valid: true, sealed: true });
  const { manifest, totals } = await showSnapshot({ snapshot: output });
  expect(manifest).toMatchObject({
    version: 1,
    created_at: '2026-10-01T02:03:04.123Z',
    oxios_version: '0.3.0',
    sections: [
      { name: 'memory/facts', entry_count: 1 },
      { name: 'sessions', entry_count: 2 },
    ],
    source: { hostname: 'attic', state_dir: stateDir },
  });
  expect(totals).toMatchObject({ files: 4, symlinks: 1 });
  expect(readdirSync(directory, { recursive: true }).sort()).toEqual(before);
  expect(existsSync(stateDir)).toBe(false);
});

test('a snapshot in a folder is named by the time of the backup', async () => {
  const folder = room.fresh('folder');
  mkdirSync(folder);
  const { output } = await importBackup({ directory: backup(), output: { folder }, stateDir });
  expect(output).toMatch(/\/oxios-backup-20261001T020304Z-[a-z2-7]{4}\.tar\.gz$/);
});

test('what does not come along is named: documents, fields, what is no state', async () => {
  const directory = backup({
    ...MANIFEST,
    encryption: 'none',
    sections: [
      { name: 'sessions', entry_count: 5 },
      { name: 'gone/by', entry_count: 1 },
    ],
  });
  writeFileSync(`${directory}/sessions/a.json.42.00000000-0000-4000-8000-000000000000.tmp`, '{"half"');
  cpSync(backup(), `${directory}/backups/sunday`, { recursive: true, verbatimSymlinks: true });
  const result = await importBackup({ directory, output: room.fresh('s.tar.gz'), stateDir });
  expect(result.sectionDifferences).toEqual([
    { name: 'sessions', stated: 5, found: 2, notFiles: [] },
    { name: 'gone/by', stated: 1, found: 0, notFiles: [] },
    { name: 'memory/facts', stated: 0, found: 1, notFiles: [] },
  ]);
  expect(result.droppedFields).toEqual(['encryption']);
  expect(result.excluded.map(({ path }) => path)).toEqual([
    'backups',
    'sessions/a.json.42.00000000-0000-4000-8000-000000000000.tmp',
  ]);
});

test('a snapshot that was unpacked by tar keeps its source and its patterns', async () => {
  const source = { platform: 'linux', hostname: 'cellar', state_dir: '/srv/oxios' };
  const directory = backup({ ...MANIFEST, snapshot_format: 1, tool: 'oxios-backup', source, excludes: ['*.log'] });
  const output = room.fresh('s.tar.gz');
  const { droppedFields, manifest } = await importBackup({ directory, output, stateDir });
  expect(manifest).toMatchObject({ source: { hostname: 'cellar', state_dir: '/srv/oxios' }, excludes: ['*.log'] });
  expect(droppedFields).toEqual([]);
});

test('a document that is a directory or a link to nothing is none; a link to a file is one', async () => {
  const directory = backup();
  rmSync(`${directory}/sessions/a.json`);
  mkdirSync(`${directory}/sessions/a.json`);
  rmSync(`${directory}/memory/facts/coffee.md`);
  symlinkSync('tea.md', `${directory}/memory/facts/coffee.md`);
  renameSync(`${directory}/sessions/b.json`, `${directory}/b`);
  symlinkSync('../b', `${directory}/sessions/b.json`);
  const result = await importBackup({ directory, output: room.fresh('s.tar.gz'), stateDir });
  expect(result.sectionDifferences).toEqual([
    { name: 'sessions', stated: 2, found: 1, notFiles: ['a.json'] },
    { name: 'memory/facts', stated: 1, found: 0, notFiles: ['coffee.md'] },
  ]);
});

test('a section that is a file holds no document', async () => {
  const directory = backup();
  rmSync(`${directory}/sessions`, { recursive: true });
  writeFileSync(`${directory}/sessions`, 'no folder any more');
  const result = await importBackup({ directory, output: room.fresh('s.tar.gz'), stateDir });
  expect(result.sectionDifferences).toEqual([{ name: 'sessions', stated: 2, found: 0, notFiles: [] }]);
});

describe('a snapshot of ours that was unpacked', () => {
  /** Unpacked by tar; its manifest states 5 files of 44 bytes. */
  async function unpacked(): Promise<string> {
    const state = backup(null);
    mkdirSync(`${state}/b`);
    writeFileSync(`${state}/b/c.bin`, '0123456789');
    linkSync(`${state}/memory.log`, `${state}/second-name.log`);
    const snapshot = room.fresh('ours.tar.gz');
    await createSnapshot({ stateDir: state, output: snapshot });
    const directory = room.fresh('unpacked');
    mkdirSync(directory);
    execFileSync('tar', ['-xzf', snapshot, '-C', directory]);
    return directory;
  }
  const stated = { files: 5, bytes: 44 };

  test.each<[what: string, change: (directory: string) => void, found: { files: number; bytes: number } | null]>([
    ['as it is', () => {}, null],
    ['a further name of a file is gone', (at) => rmSync(`${at}/second-name.log`), null],
    ['a file that no section counts is gone', (at) => rmSync(`${at}/b/c.bin`), { files: 4, bytes: 34 }],
    ['one is shorter', (at) => writeFileSync(`${at}/sessions/a.json`, '{}'), { files: 5, bytes: 36 }],
    ['there is one more', (at) => writeFileSync(`${at}/more`, 'more'), { files: 6, bytes: 48 }],
  ])('%s', async (_what, change, found) => {
    const directory = await unpacked();
    change(directory);
    const result = await importBackup({ directory, output: room.fresh('s.tar.gz'), stateDir });
    expect(result.contentDifference).toEqual(found === null ? null : { stated, found });
    const some = await importBackup({
      directory,
      output: room.fresh('s.tar.gz'),
      stateDir,
      excludes: ['more', '*.log'],
    });
    expect(some.contentDifference).toBeNull();
  });
});

test('a backup from the future is imported, and that is said', async () => {
  const messages: string[] = [];
  const onEvent = (event: BackupEvent) => event.type === 'notice' && messages.push(event.message);
  const directory = backup({ ...MANIFEST, created_at: '2099-01-01T00:00:00Z' });
  await importBackup({ directory, output: room.fresh('s.tar.gz'), stateDir, onEvent });
  expect(messages).toEqual([expect.stringMatching(/dated 2099-01-01T00:00:00Z, in the future/)]);
});

describe('refused, and nothing is made', () => {
  test.each([
    ['there is none', () => room.fresh('none'), 'STATE_DIR_MISSING', 'does not exist'],
    ['it is a file', () => `${backup()}/memory.log`, 'STATE_DIR_MISSING', 'is not a directory'],
    ['it was not finished', () => backup(null), 'MANIFEST_MISSING', 'is missing'],
    ['its manifest is no manifest', () => backup({ name: 'my-package' }), 'MANIFEST_INVALID', 'of the backup'],
    ['its manifest is a link', () => linked('../m.json'), 'MANIFEST_INVALID', 'is a symbolic link'],
    ['its manifest is a link to nothing', () => linked('nowhere'), 'MANIFEST_INVALID', 'is a symbolic link'],
    ['it is dated before 1970', () => dated('1969-12-31T23:59:59Z'), 'MANIFEST_INVALID', 'the backup is dated 1969'],
    ['it is dated after 2242', () => dated('2300-01-01T00:00:00Z'), 'MANIFEST_INVALID', 'the backup is dated 2300'],
    ['a later Oxios made it', () => backup({ ...MANIFEST, version: 2 }), 'MANIFEST_VERSION', 'version 2'],
  ])('%s', async (_name, make, code, message) => {
    const output = room.fresh('s.tar.gz');
    await expect(importBackup({ directory: make(), output, stateDir })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/\S/),
    });
    expect(existsSync(output)).toBe(false);
  });

  test('it is the state directory, in which a restore by Oxios has left a manifest', async () => {
    const directory = backup();
    symlinkSync(directory, `${directory}-link`);
    const output = room.fresh('s.tar.gz');
    for (const live of [directory, `${directory}-link`])
      await expect(importBackup({ directory: live, output, stateDir: directory })).rejects.toMatchObject({
        code: 'USAGE',
      });
    expect(existsSync(output)).toBe(false);
  });

  test('it is the folder in which Oxios keeps them', async () => {
    const folder = room.fresh('backups');
    for (const name of ['monday', 'tuesday']) cpSync(backup(), `${folder}/${name}`, { recursive: true });
    const output = room.fresh('s.tar.gz');
    await expect(importBackup({ directory: folder, output, stateDir })).rejects.toMatchObject({
      code: 'MANIFEST_MISSING',
      hint: 'Name one of them: monday, tuesday',
    });
    await expect(showSnapshot({ snapshot: folder })).rejects.toMatchObject({
      message: `${folder} is a folder of directory backups that Oxios made (tuesday and 1 more)`,
    });
  });

  test('the output is taken', async () => {
    const output = room.fresh('s.tar.gz');
    writeFileSync(output, 'mine');
    await expect(importBackup({ directory: backup(), output, stateDir })).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
    });
    expect(readFileSync(output, 'utf8')).toBe('mine');
    await importBackup({ directory: backup(), output, stateDir, force: true });
  });

  test('an option of another function', async () => {
    const options = { directory: backup(), output: room.fresh('s.tar.gz'), stateDir, createdAt: new Date() };
    await expect(importBackup(options)).rejects.toMatchObject({ code: 'USAGE' });
  });
});
