import { expect, test } from 'vitest';
import { DatabasesOfDirectory } from '../../../src/capture/sqlite/side-files.ts';
import { Workroom } from '../../workroom.ts';

const room = new Workroom();

test('what may be a database and cannot be read is no file of another sort, nor is its log a stray one', () => {
  const databases = new DatabasesOfDirectory(['memory.db', 'memory.db-wal']);
  const unreadable = room.path('memory.db');
  expect(() => databases.isDatabase('memory.db', unreadable, 4096)).toThrow('ENOENT');
  expect(databases.sideFileReason('memory.db-wal', `${unreadable}-wal`)).toMatch('part of the database memory.db');
});

test('what looks like a side file and cannot be read is not taken for state', () => {
  const databases = new DatabasesOfDirectory(['notes-wal']);
  expect(() => databases.sideFileReason('notes-wal', room.path('notes-wal'))).toThrow('ENOENT');
});
