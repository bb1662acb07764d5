import { execFileSync } from 'node:child_process';
import { lstatSync, lutimesSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TempDir } from '../../workroom.ts';
import { collect } from '../collect.ts';

const room = new TempDir();

const OTHERS: [string, (path: string) => void][] = [
  ['an empty file', (path) => writeFileSync(path, '')],
  ['a directory', (path) => mkdirSync(path)],
  ['a link that leads nowhere', (path) => symlinkSync('nothing', path)],
  [
    'a socket',
    (path) => execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind('${path}')`]),
  ],
];

for (const [what, make] of OTHERS) {
  for (const [when, seconds] of [
    ['at rest', 1_600_000_000],
    ['in use', Date.now() / 1000],
  ] as const) {
    test(`${what} where a side file would be keeps no database ${when} from being captured`, async () => {
      const state = room.fresh('state');
      mkdirSync(state);
      const database = join(state, 'x.db');
      execFileSync('sqlite3', [database, 'create table t(v); insert into t values (1);']);
      for (const suffix of ['-journal', '-wal']) {
        make(database + suffix);
        // Later than the database, which has its own time nevertheless.
        lutimesSync(database + suffix, seconds + 60, seconds + 60);
      }
      utimesSync(database, seconds, seconds);
      const scratch = room.fresh('scratch');
      mkdirSync(scratch);
      const { incomplete, items } = await collect(state, { scratch: () => scratch, sqlite: 'raw-copy' });
      expect(incomplete).toEqual([]);
      const item = items.find(({ path }) => path === 'x.db');
      if (item?.type !== 'file' || item.source.kind === 'bytes') throw new Error('no file');
      expect(readFileSync(item.source.absolute).equals(readFileSync(database))).toBe(true);
      expect(item.mtimeNs).toBe(lstatSync(database, { bigint: true }).mtimeNs);
    });
  }
}
