import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const WAL = Buffer.concat([Buffer.from('377f0682002de218', 'hex'), Buffer.alloc(4000, 1)]);

/** A state directory with an encrypted database in it, as it looks to whoever has no key. */
function stateWithEncrypted(): string {
  const state = room.fresh('state');
  mkdirSync(join(state, 'deep'), { recursive: true });
  writeFileSync(join(state, 'deep/secret.db'), Buffer.alloc(8192, 0xa7));
  writeFileSync(join(state, 'deep/secret.db-wal'), WAL);
  return state;
}

test('an encrypted database that no longer changes is captured with its log', async () => {
  const { complete, totals, excluded } = await createBackup(new StateStore(stateWithEncrypted()), room.fresh('out'));
  expect([complete, totals.files, excluded]).toEqual([true, 2, []]);
});

test('an encrypted database that is written to meanwhile is named as missing or inconsistent: its two files may not fit each other', async () => {
  const state = stateWithEncrypted();
  writeFileSync(join(state, 'z.bin'), Buffer.alloc(20 * 2 ** 20, 1));
  let written = false;
  const { complete, statuses } = await createBackup(new StateStore(state), room.fresh('out'), {
    onEvent(event) {
      if (event.type !== 'progress' || event.bytes < 2 ** 20 || written) return;
      written = true;
      appendFileSync(join(state, 'deep/secret.db'), Buffer.alloc(4096, 0xa7));
    },
  });
  expect([complete, statuses]).toMatchObject([
    false,
    [{ path: 'deep/secret.db-wal', status: 'inconsistent', detail: expect.stringContaining('deep/secret.db') }],
  ]);
});
