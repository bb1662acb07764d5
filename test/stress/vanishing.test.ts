import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { isIncomplete, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CaseCounter, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { Writer } from './writer.ts';

const COMMAND = join(import.meta.dirname, '../../dist/main.js');
const SNAPSHOTS = TORTURE ? 50 : 4;
const FILES_AT_A_TIME = 600;

const room = new TempDir();
const state = room.path('state');
let writer: Writer;
beforeAll(async () => {
  // Of a state in which all vanished there would be nothing to restore.
  mkdirSync(join(state, 'seeds'), { recursive: true });
  writeFileSync(join(state, 'seeds/still.json'), '{}');
  writer = await Writer.start('vanishing', [join(state, 'sessions'), String(FILES_AT_A_TIME)]);
});
afterAll(() => writer?.stop());

async function create(file: string) {
  const { exitCode, stderr } = await execa(process.execPath, [COMMAND, 'create', file, '--state-dir', state], {
    reject: false,
  });
  return { exitCode, stderr };
}

test('files that vanish are named, each, and do not count as missing', {
  timeout: SNAPSHOTS * 20_000,
}, async (context) => {
  const counter = new CaseCounter(context, 'a snapshot of a directory whose files vanish, by the command');
  let vanished = 0;
  for (let i = 1; i <= SNAPSHOTS; i++) {
    await counter.case(`snapshot ${i}`, async () => {
      const file = room.fresh('snapshot');
      const target = room.fresh('restored');
      const { exitCode, stderr } = await create(file);
      const { valid, problems, statuses, totals } = await verifySnapshot({ snapshot: file });
      expect({ valid, problems }).toEqual({ valid: true, problems: [] });
      const incomplete = statuses.filter(({ status }) => isIncomplete(status));
      expect(exitCode).toBe(incomplete.length > 0 ? 3 : 0);
      // Of each loss a line; and no line more.
      const named = stderr.split('\n').filter((line) => /^ +(?:changed|unreadable) /.test(line));
      expect(named.map((line) => line.split(/\s+/)[2]?.replace(/:$/, ''))).toEqual(incomplete.map(({ path }) => path));
      for (const { path, status } of incomplete) {
        expect(path).toMatch(/^sessions\/passing-\d+/);
        // A file may be read between its creation and its only write, at each attempt.
        expect(status).toBe('inconsistent');
      }
      vanished += statuses.filter(({ status }) => status === 'deleted').length;
      const restored = await restoreBackup(new StateStore(target), file);
      expect(restored.complete).toBe(incomplete.length === 0);
      expect(restored.restored.entries).toBe(totals?.entries);
      const count = restored.manifest.sections.find(({ name }) => name === 'sessions')?.entry_count ?? 0;
      expect(await new StateStore(target).listCategory('sessions')).toHaveLength(count);
      rmSync(file);
      rmSync(target, { recursive: true });
    });
  }
  counter.finish();
  expect(vanished).toBeGreaterThan(0);
});
