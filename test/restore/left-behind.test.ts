/** Backups that are kept in the state directory itself are in no snapshot, and go with the previous state. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type BackupEvent, createSnapshot, type RestoreOptions, restoreSnapshot } from 'oxios-backup';
import { beforeEach, expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MANIFEST = '{"version":1,"created_at":"2026-10-01T02:03:04Z","oxios_version":"0.3.0","sections":[]}';
let stateDir: string;
let outside: string;

beforeEach(async () => {
  stateDir = room.fresh('state');
  outside = room.fresh('s.tar.gz');
  mkdirSync(`${stateDir}/sessions`, { recursive: true });
  writeFileSync(`${stateDir}/sessions/a.json`, '{}');
  await createSnapshot({ stateDir, output: outside, oxiosVersion: '0.3.0' });
});

/** Restores, and gives what was noted of the previous state, relative to it. */
async function noted(snapshot: string, mode: RestoreOptions['mode']) {
  const events: BackupEvent[] = [];
  const { previousState } = await restoreSnapshot({
    ...{ stateDir, snapshot },
    ...(mode && { mode }),
    onEvent: (event) => events.push(event),
  });
  return events.flatMap((event) => {
    if (event.type !== 'notice' || !event.message.startsWith('is in the previous state now')) return [];
    expect(existsSync(event.path ?? '')).toBe(true);
    return [event.path?.slice(previousState?.length)];
  });
}

function makeDirectoryBackup(): void {
  cpSync(`${stateDir}/sessions`, `${stateDir}/backups/monday/sessions`, { recursive: true });
  writeFileSync(`${stateDir}/backups/monday/manifest.json`, MANIFEST);
}

test('the folder of the backups of Oxios', async () => {
  makeDirectoryBackup();
  expect(await noted(outside, 'replace')).toEqual(['/backups']);
});

test('the snapshot itself, wherever it lies in it', async () => {
  mkdirSync(`${stateDir}/kept`);
  const { output } = await createSnapshot({ stateDir, output: { folder: `${stateDir}/kept` }, oxiosVersion: '0.3.0' });
  expect(await noted(output ?? '', 'replace')).toEqual([output?.slice(stateDir.length)]);
});

test('both in one folder once', async () => {
  makeDirectoryBackup();
  const output = `${stateDir}/backups/s.tar.gz`;
  await createSnapshot({ stateDir, output, oxiosVersion: '0.3.0' });
  expect(await noted(output, 'replace')).toEqual(['/backups']);
});

test('not where there are none, and not in a merge, which leaves them', async () => {
  expect(await noted(outside, 'replace')).toEqual([]);
  makeDirectoryBackup();
  expect(await noted(outside, 'merge')).toEqual([]);
  expect(existsSync(`${stateDir}/backups/monday`)).toBe(true);
});
