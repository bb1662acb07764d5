import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { importBackup, showSnapshot, verifySnapshot } from 'oxios-backup';
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
    { name: 'sessions', stated: 5, found: 2 },
    { name: 'gone/by', stated: 1, found: 0 },
    { name: 'memory/facts', stated: 0, found: 1 },
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

describe('refused, and nothing is made', () => {
  test.each([
    ['there is none', () => room.fresh('none'), 'STATE_DIR_MISSING', 'does not exist'],
    ['it is a file', () => `${backup()}/memory.log`, 'STATE_DIR_MISSING', 'is not a directory'],
    ['it was not finished', () => backup(null), 'MANIFEST_MISSING', 'is missing'],
    ['its manifest is no manifest', () => backup({ name: 'my-package' }), 'MANIFEST_INVALID', 'of the backup'],
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
