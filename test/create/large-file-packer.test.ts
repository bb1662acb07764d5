import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  type BackupEvent,
  type CreateOptions,
  type CreateResult,
  createBackup,
  restoreBackup,
  StateStore,
  showSnapshot,
  verifySnapshot,
} from 'oxios-backup';
import { afterEach, describe, expect, test } from 'vitest';
import { noise } from '../damage/small-tree.ts';
import { hasStrace } from '../torture/faults.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const COMMAND = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const MIB = 2 ** 20;
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

function stateWith(name: string, content: Buffer | string): { state: string; large: string } {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'seeds'), { recursive: true });
  fs.writeFileSync(join(state, 'seeds/a.json'), '{}');
  fs.writeFileSync(join(state, 'z'), 'behind it');
  const large = join(state, name);
  fs.writeFileSync(large, content);
  return { state, large };
}

type Create = (state: string, file: string, options?: CreateOptions) => Promise<CreateResult>;

const intoFile: Create = (state, file, options) => createBackup(new StateStore(state), file, options);

/** Into a pipe, whose other end writes what it gets to a file. */
const intoPipe: Create = async (state, file, options) => {
  const output = fs.openSync(file, 'wx');
  const reader = spawn('cat', { stdio: ['pipe', output, 'inherit'] });
  fs.closeSync(output);
  const made = await createBackup(new StateStore(state), reader.stdin as Writable, options);
  reader.stdin?.end();
  await once(reader, 'exit');
  return made;
};

async function restored(file: string): Promise<string> {
  expect(await verifySnapshot({ snapshot: file })).toMatchObject({ valid: true, problems: [] });
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), file);
  return back;
}

/** Writes to a file once so much of the state has been captured. */
function changesAt(bytes: number, large: string, times: number): (event: BackupEvent) => void {
  let left = times;
  let before = 0;
  return (event) => {
    if (event.type !== 'progress') return;
    const crossed = event.bytes >= bytes && before < bytes;
    before = event.bytes;
    if (!crossed || left-- <= 0) return;
    const fd = fs.openSync(large, 'r+');
    fs.writeSync(fd, `changed ${left}`, 3);
    fs.closeSync(fd);
  };
}

/** @returns a folder of its own file system, or null where nothing can be mounted */
function smallFolder(megabytes: number): string | null {
  const folder = room.fresh('small');
  fs.mkdirSync(folder);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder]);
  if (status !== 0) return null;
  undo.push(() => execFileSync('umount', ['-l', folder]));
  return folder;
}

describe.each([
  ['a file', intoFile],
  ['a pipe', intoPipe],
])('into %s', (_, create) => {
  test.each([
    ['repeats itself', Buffer.alloc(9 * MIB, 'the same over and over, ')],
    ['does not compress', noise(20 * MIB, 1)],
  ])('a file that %s and changes while it is read is read again', async (_, content) => {
    const { state, large } = stateWith('large', content);
    const file = room.fresh('snapshot');
    const made = await create(state, file, { threads: 1, onEvent: changesAt(2 * MIB, large, 1) });
    expect(made).toMatchObject({ complete: true, statuses: [{ path: 'large', status: 'retried' }] });
    expect(fs.readFileSync(join(await restored(file), 'large')).equals(fs.readFileSync(large))).toBe(true);
  });

  test('a file that changes at each reading is named, and nothing else is said of it', async () => {
    const { state, large } = stateWith('large', noise(6 * MIB, 1));
    const file = room.fresh('snapshot');
    const { complete, statuses } = await create(state, file, { threads: 1, onEvent: changesAt(2 * MIB, large, 9) });
    expect({ complete, statuses }).toEqual({
      complete: false,
      statuses: [{ path: 'large', status: 'inconsistent', detail: 'it changed while it was read' }],
    });
    expect(fs.statSync(join(await restored(file), 'large')).size).toBe(6 * MIB);
  });

  test('a log that grows all the time ends with a whole line', async () => {
    const { state, large } = stateWith('large.log', 'a line of a log\n'.repeat(150_000));
    const script = `import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
print('ready', flush=True)
while os.fstat(fd).st_size < 2 ** 28:
    for part in [b'a line ', b'of a log\\nan', b'other\\nthi', b'rd']: os.write(fd, part)
`;
    const writer: ChildProcess = spawn('python3', ['-c', script, large], { stdio: ['ignore', 'pipe', 'inherit'] });
    undo.push(async () => {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    });
    await once(writer.stdout as NodeJS.ReadableStream, 'data');
    // The system may make the writer wait just now.
    for (let i = 0; i < 20; i++) {
      const file = room.fresh('snapshot');
      const { complete, statuses } = await create(state, file);
      if (!statuses.some(({ status }) => status === 'truncated')) continue;
      expect([complete, statuses]).toMatchObject([true, [{ path: 'large.log', status: 'truncated' }]]);
      const content = fs.readFileSync(join(await restored(file), 'large.log'));
      expect(content.at(-1)).toBe(0x0a);
      expect(fs.readFileSync(large).subarray(0, content.length).equals(content)).toBe(true);
      return;
    }
    throw new Error('never truncated');
  });
});

test.skipIf(!hasStrace)('a file that becomes unreadable is missing from a pipe as from a file', async () => {
  const { state, large } = stateWith('large', noise(9 * MIB, 1));
  const fault = ['-f', '-qq', '-o', '/dev/null', '-P', large, '-e', 'inject=pread64:error=EIO:when=6+'];
  const words = (output: string) => [...fault, process.execPath, COMMAND, 'create', output, '--state-dir', state];
  const [file, piped] = [room.fresh('file'), room.fresh('piped')];
  expect(spawnSync('strace', words(file)).status).toBe(3);
  const { status, stdout } = spawnSync('strace', words('-'), { maxBuffer: 64 * MIB });
  expect(status).toBe(3);
  fs.writeFileSync(piped, stdout);
  for (const snapshot of [file, piped]) {
    expect((await showSnapshot({ snapshot })).statuses).toEqual([
      { path: 'large', status: 'unreadable', detail: 'EIO: i/o error' },
    ]);
    expect(fs.readdirSync(await restored(snapshot)).sort()).toEqual(['seeds', 'z']);
  }
});

test('where nothing can be set aside, a file that changes goes into a pipe as it is, and its detail says so', async ({
  skip,
}) => {
  const scratchDir = smallFolder(16) ?? skip('nothing can be mounted here');
  const { state, large } = stateWith('large', noise(20 * MIB, 1));
  const file = room.fresh('snapshot');
  const made = await intoPipe(state, file, { threads: 2, scratchDir, onEvent: changesAt(8 * MIB, large, 1) });
  const detail = expect.stringMatching(/^it changed while it was read; it was read only once, for there was no room/);
  expect(made).toMatchObject({ complete: false, statuses: [{ path: 'large', status: 'inconsistent', detail }] });
  expect(fs.readdirSync(join(await restored(file)))).toContain('large');
});
