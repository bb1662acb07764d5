import { writeFileSync } from 'node:fs';
import { type BackupEvent, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { directory, file } from '../../archives/entry.ts';
import { buildForeign } from '../../archives/foreign.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();

test('the verification of a foreign archive says how far it has come', async () => {
  const snapshot = room.path('foreign.tar.gz');
  writeFileSync(snapshot, buildForeign([directory('sessions'), file('sessions/a.json', 'x'.repeat(3_000_000))]));
  const events: BackupEvent[] = [];
  expect(await verifySnapshot({ snapshot, onEvent: (event) => events.push(event) })).toMatchObject({ valid: true });
  const progress = events.filter(({ type }) => type === 'progress');
  expect(progress.length).toBeGreaterThan(1);
  expect(progress.at(-1)).toMatchObject({ phase: 'check', entries: 2, bytes: 3_000_000 });
});
