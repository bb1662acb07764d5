import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { type CreateResult, createBackup, restoreBackup, StateStore } from 'oxios-backup';
import { afterEach, expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const writers: ChildProcess[] = [];

afterEach(async () => {
  for (const writer of writers.splice(0)) {
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
});

function stateWith(files: Record<string, string | Buffer>): string {
  const state = room.fresh('state');
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(join(state, path, '..'), { recursive: true });
    fs.writeFileSync(join(state, path), content);
  }
  return state;
}

/** Appends something for ever, in one write after the other. */
async function append(absolute: string, bytes: string): Promise<void> {
  const script = `import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
data = eval(sys.argv[2])
print('ready', flush=True)
while os.fstat(fd).st_size < 2 ** 28:
    for part in data: os.write(fd, part)
`;
  const writer = spawn('python3', ['-c', script, absolute, bytes], { stdio: ['ignore', 'pipe', 'inherit'] });
  writers.push(writer);
  await once(writer.stdout as NodeJS.ReadableStream, 'data');
}

/** Makes snapshots until one has a status: the writer may be made to wait by the system just now. */
async function createUntil(state: string, file: string, status: string): Promise<CreateResult> {
  for (let i = 0; i < 50; i++) {
    const created = await createBackup(new StateStore(state), file, { force: true });
    if (created.statuses.some((each) => each.status === status)) return created;
  }
  throw new Error(`never ${status}`);
}

async function restored(file: string): Promise<string> {
  const target = room.fresh('restored');
  await restoreBackup(new StateStore(target), file);
  return target;
}

test('files at rest come back byte for byte, whatever their name', async () => {
  const state = stateWith({
    'crash.log': 'start\npanic: the reason',
    'sessions/x.jsonl': '{"a":1}\n{"b":2}',
    'leveldb/000003.log': Buffer.from('\0\x01record one\n\0\x02the last record'),
    'agents/logs/cut.bin': Buffer.from([1, 2, 0x0a, 3]),
    'large.log': `${'a line of a log\n'.repeat(200_000)}the last one`,
  });
  for (const repository of ['agents/logs/repo', 'logs']) {
    execFileSync('git', ['init', '-q', join(state, repository)]);
    for (let i = 0; i < 60; i++) fs.writeFileSync(join(state, repository, `f${i}`), `${i}\n`);
    execFileSync('git', ['add', '-A'], { cwd: join(state, repository) });
  }
  const old = new Date(Date.now() - 3 * 86_400_000);
  for (const name of fs.readdirSync(state, { recursive: true, encoding: 'utf8' }))
    fs.utimesSync(join(state, name), old, old);
  const file = room.path('rest.tar.gz');
  const { complete, statuses } = await createBackup(new StateStore(state), file);
  expect([complete, statuses]).toEqual([true, []]);
  expect(compareTrees(readTree(state), readTree(await restored(file)))).toEqual([]);
});

test('a large log that grows all the time ends with a whole line', async () => {
  const state = stateWith({ 'trail.of.events': 'a line of a log\n'.repeat(150_000) });
  const log = join(state, 'trail.of.events');
  await append(log, "[b'a line ', b'of a log\\nan', b'other\\nthi', b'rd']");
  const file = room.path('log.tar.gz');
  const { complete, statuses } = await createUntil(state, file, 'truncated');
  expect([complete, statuses]).toMatchObject([true, [{ path: 'trail.of.events', status: 'truncated' }]]);
  const content = fs.readFileSync(join(await restored(file), 'trail.of.events'));
  expect(content.at(-1)).toBe(0x0a);
  expect(fs.readFileSync(log).subarray(0, content.length).equals(content)).toBe(true);
});

test('a large file of another sort that grows all the time is named as missing or inconsistent, as far as it was read', async () => {
  const state = stateWith({ 'db/000003.log': Buffer.alloc(2 ** 21, '\x01\0') });
  const log = join(state, 'db/000003.log');
  await append(log, "[b'\\0\\1record\\n']");
  const file = room.path('binary.tar.gz');
  const { complete, statuses } = await createUntil(state, file, 'inconsistent');
  expect([complete, statuses]).toMatchObject([
    false,
    [{ path: 'db/000003.log', status: 'inconsistent', detail: expect.stringContaining('kept growing') }],
  ]);
  const content = fs.readFileSync(join(await restored(file), 'db/000003.log'));
  expect(fs.readFileSync(log).subarray(0, content.length).equals(content)).toBe(true);
});
