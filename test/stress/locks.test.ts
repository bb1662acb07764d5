import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { createBackup, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';
import { Writer } from './writer.ts';

const room = new TempDir();

/** Asks for everything at once, and does not wait: with another lock on the database, that fails. */
const TAKE_EVERYTHING = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
db.execute('BEGIN EXCLUSIVE')
db.execute('COMMIT')
print(db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0])
`;

test.each(['WAL', 'DELETE'])('a database in %s mode is free again while the rest is captured', async (mode) => {
  const state = room.fresh('state');
  mkdirSync(state);
  const database = `${state}/a.db`;
  const writer = await Writer.start('database', [database, mode, '1', '50']);
  // The rest does not fit into the pipe, which nobody reads for now.
  for (let i = 0; i < 8; i++) writeFileSync(`${state}/b-${i}.bin`, randomBytes(900_000));
  const pipe = new PassThrough({ highWaterMark: 2_000_000 });
  try {
    let created: ReturnType<typeof createBackup> | undefined;
    await new Promise<void>((resolve, reject) => {
      created = createBackup(new StateStore(state), pipe, {
        onEvent: (event) => {
          if (event.type === 'progress' && event.entries > 0) resolve();
        },
      });
      created.catch(reject);
    });
    await writer.heardUpTo(Date.now());
    await writer.stop();
    const taken = execFileSync('python3', ['-c', TAKE_EVERYTHING, database], { encoding: 'utf8' });
    expect(taken.trim()).toBe('0');
    let isDone = false;
    void created?.then(() => {
      isDone = true;
    });
    await setImmediate();
    expect(isDone).toBe(false);
    const [result] = await Promise.all([created?.finally(() => pipe.end()), buffer(pipe)]);
    expect(result?.complete).toBe(true);
  } finally {
    await writer.stop();
  }
});
