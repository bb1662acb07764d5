import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { type BackupEvent, createSnapshot } from 'oxios-backup';
import { describe, expect, it } from 'vitest';
import { countAhead } from '../../src/create/count-ahead.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const never = new AbortController().signal;

function state(): string {
  const root = room.fresh('state');
  mkdirSync(`${root}/sessions`, { recursive: true });
  for (let i = 0; i < 300; i++) writeFileSync(`${root}/sessions/${i}.json`, `{"id":${i}}`.padEnd(10_000));
  writeFileSync(`${root}/large.bin`, Buffer.alloc(3_000_000, 'x'));
  return root;
}

type Progress = Extract<BackupEvent, { type: 'progress' }>;

async function progressOf(options: Omit<Parameters<typeof createSnapshot>[0], 'onEvent'>): Promise<Progress[]> {
  const progress: Progress[] = [];
  await createSnapshot({
    ...options,
    onEvent: (event) => {
      if (event.type === 'progress' && event.phase === 'capture') progress.push(event);
    },
  });
  expect(progress.length).toBeGreaterThan(1);
  return progress;
}

describe('progress of a snapshot in the making', () => {
  it('has totals where a count was asked for, which are estimates', async () => {
    const stateDir = state();
    const progress = await progressOf({ stateDir, output: `${room.fresh()}.tar.gz`, countAhead: true });
    expect(progress.at(-1)).toMatchObject({
      ...{ entries: 302, totalEntries: 302, bytes: 6_000_000, totalBytes: 6_000_000 },
      estimated: true,
    });
    const plain = await progressOf({ stateDir, output: `${room.fresh()}.tar.gz` });
    for (const event of plain) expect(event).not.toHaveProperty('totalEntries');
  });

  it('has those of the parent, and none where there is more by now', async () => {
    const stateDir = state();
    const folder = room.fresh('backups');
    mkdirSync(folder);
    await createSnapshot({ stateDir, output: { folder } });
    const same = await progressOf({ stateDir, output: { folder } });
    for (const event of same)
      expect(event).toMatchObject({ totalEntries: 302, totalBytes: 6_000_000, estimated: true });
    appendFileSync(`${stateDir}/sessions/299.json`, 'more');
    const more = await progressOf({ stateDir, output: { folder } });
    expect(more[0]).toHaveProperty('totalBytes', 6_000_000);
    expect(more.at(-1)).toMatchObject({ bytes: 6_000_004 });
    expect(more.at(-1)).not.toHaveProperty('totalBytes');
  });
});

describe('a count', () => {
  it('leaves out what is excluded, and backups', async () => {
    const root = state();
    for (const folder of ['backups', 'cache']) {
      mkdirSync(`${root}/${folder}`);
      writeFileSync(`${root}/${folder}/file`, 'much');
    }
    writeFileSync(`${root}/oxios-backup-20261122T101530Z-k3fa.tar.gz`, 'a snapshot');
    expect(await countAhead(root, ['cache/'], never)).toEqual({ entries: 302, bytes: 6_000_000 });
  });

  it('takes files beyond the first 10,000 for average', async () => {
    const root = room.fresh('many');
    mkdirSync(root);
    for (let i = 0; i < 10_100; i++) writeFileSync(`${root}/${i}`, '12');
    expect(await countAhead(root, [], never)).toEqual({ entries: 10_100, bytes: 20_200 });
  });

  it('ends when it is aborted, and does without what cannot be looked at', async () => {
    expect(await countAhead(state(), [], AbortSignal.abort())).toBeNull();
    expect(await countAhead(room.path('missing'), [], never)).toEqual({ entries: 0, bytes: 0 });
  });
});
