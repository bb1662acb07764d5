import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DatabasesOfDirectory } from '../../../src/capture/sqlite/side-files.ts';
import { Workroom } from '../../workroom.ts';

const room = new Workroom();

test('what may be a database and cannot be read is no file of another sort', () => {
  const names = ['diary', 'diary-journal', 'memory.db', 'memory.db-wal'];
  const databases = new DatabasesOfDirectory(names);
  for (const name of ['diary', 'memory.db']) {
    expect(() => databases.isDatabase(name, room.path(name), 4096)).toThrow('ENOENT');
  }
  // What lies beside it is judged by itself: a log of SQLite is of no use without its database, a file of the user is state.
  writeFileSync(room.path('memory.db-wal'), Buffer.from('377f0682', 'hex'));
  writeFileSync(room.path('diary-journal'), 'Dear diary');
  expect(databases.sideFileReason('memory.db-wal', room.path('memory.db-wal'))).toMatch('left behind by SQLite');
  expect(databases.sideFileReason('diary-journal', room.path('diary-journal'))).toBeNull();
});

test('what looks like a side file and cannot be read is not taken for state', () => {
  const databases = new DatabasesOfDirectory(['notes-wal']);
  expect(() => databases.sideFileReason('notes-wal', room.path('notes-wal'))).toThrow('ENOENT');
});
