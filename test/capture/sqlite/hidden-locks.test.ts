import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createBackup, StateStore } from 'oxios-backup';
import { afterEach, expect, test } from 'vitest';
import { writeLockOn } from '../../../src/capture/sqlite/file-locks.ts';
import { TempDir } from '../../workroom.ts';
import { PythonScript } from './python-script.ts';

const room = new TempDir();
const NAMESPACE = ['--pid', '--fork', '--mount-proc'];
const canUnshare = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;
const PACKAGE = import.meta.resolve('oxios-backup');

let script: PythonScript | null = null;
afterEach(() => script?.kill());

/** What a create says that sees no process of the others, as in a container of its own. */
function createInContainer(state: string, sqlite: string): { complete: boolean; statuses: { status: string }[] } {
  const program = `
const { createBackup, StateStore } = await import(${JSON.stringify(PACKAGE)});
const [state, output, sqlite] = process.argv.slice(1);
const { complete, statuses } = await createBackup(new StateStore(state), output, { sqlite });
console.log(JSON.stringify({ complete, statuses }));`;
  const words = [process.execPath, '--input-type=module', '-e', program, state, room.fresh('snapshot'), sqlite];
  return JSON.parse(execFileSync('unshare', [...NAMESPACE, ...words], { encoding: 'utf8' }));
}

const HALF_WRITTEN = `
db = connect()
db.execute('pragma journal_mode=memory')
db.execute('pragma cache_size=5')
db.execute('create table t (id integer primary key, x)')
db.execute('create index i on t (x)')
for i in range(500): db.execute('insert into t (x) values (?)', ('%03d' % (i * 7 % 500) + 'a' * 497,))
db.execute('begin')
for i in range(500): db.execute('insert into t (x) values (?)', ('c' * 500,))
ready()
`;

test.skipIf(!canUnshare).each(['raw-copy', 'auto'])(
  'a writer whose lock another container hides is found out, at rest as it may seem (%s)',
  async (sqlite) => {
    const state = room.fresh('state');
    mkdirSync(state);
    writeFileSync(`${state}/other`, 'there');
    script = await PythonScript.start(HALF_WRITTEN, `${state}/a.db`);
    expect(writeLockOn(`${state}/a.db`)).toBe('exclusive');
    utimesSync(`${state}/a.db`, 1_700_000_000, 1_700_000_000);
    const { complete, statuses } = createInContainer(state, sqlite);
    expect(complete).toBe(false);
    expect(statuses).toMatchObject([{ path: 'a.db', status: expect.stringMatching(/^(?:inconsistent|unreadable)$/) }]);
    await script.kill();
  },
);

test.skipIf(!canUnshare)('a state directory of nothing else has no snapshot, and it is said why', async () => {
  const state = room.fresh('state');
  mkdirSync(state);
  script = await PythonScript.start(HALF_WRITTEN, `${state}/a.db`);
  const output = room.fresh('snapshot');
  await expect(createBackup(new StateStore(state), output, { sqlite: 'raw-copy' })).rejects.toMatchObject({
    code: 'STATE_DIR_EMPTY',
    message: expect.stringMatching(/a\.db: .*locked/),
  });
});

test.skipIf(!canUnshare)('an intact database that nobody writes to is read where it is, there too', async () => {
  const state = room.fresh('state');
  mkdirSync(state);
  script = await PythonScript.start(HALF_WRITTEN.replace('ready()', "db.execute('commit')\nready()"), `${state}/a.db`);
  utimesSync(`${state}/a.db`, 1_700_000_000, 1_700_000_000);
  expect(writeLockOn(`${state}/a.db`)).toBe('none');
  expect(createInContainer(state, 'raw-copy')).toEqual({ complete: true, statuses: [] });
});

test.skipIf(!canUnshare)('a lock that belongs to an open file and to no process counts', async () => {
  const file = room.fresh('file');
  const lock = `
import fcntl, struct
descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
F_OFD_SETLK = 37
fcntl.fcntl(descriptor, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, 0x40000000 + int(sys.argv[2]), int(sys.argv[3]), 0))
ready()
`;
  for (const [from, length, expected] of [
    ['1', '1', 'reserved'],
    ['2', '510', 'exclusive'],
    ['600', '1', 'none'],
  ] as const) {
    script = await PythonScript.start(lock, file, from, length);
    expect(writeLockOn(file)).toBe(expected);
    await script.kill();
  }
});
