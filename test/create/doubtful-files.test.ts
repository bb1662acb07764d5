import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterEach, expect, test } from 'vitest';
import { mountLimited, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

function newState(): string {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'sessions'), { recursive: true });
  fs.writeFileSync(join(state, 'sessions/a.json'), '{}');
  return state;
}

async function roundTrip(state: string) {
  const file = room.fresh('snapshot');
  const made = await createBackup(new StateStore(state), file, { threads: 2 });
  expect(await verifySnapshot({ snapshot: file })).toMatchObject({ valid: true, problems: [] });
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), file);
  return { ...made, back, content: (name: string) => fs.readFileSync(join(back, name)) };
}

/** @returns whether it could be mounted */
function mount(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
  } catch {
    return false;
  }
  undo.push(() => execFileSync('umount', ['-l', args.at(-1) as string]));
  return true;
}

/** Starts a Python program that says a line when it is at work. */
async function start(script: string, ...args: string[]): Promise<void> {
  const child = spawn('python3', ['-c', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
}

test('a file of the system that states size 0 is read to its end', async ({ skip }) => {
  const state = newState();
  fs.writeFileSync(join(state, 'h'), '');
  if (!mount('--bind', '/proc/sys/kernel/ostype', join(state, 'h'))) skip('nothing can be mounted here');
  expect(fs.statSync(join(state, 'h')).size).toBe(0);
  const { complete, statuses, content } = await roundTrip(state);
  expect({ complete, statuses }).toEqual({ complete: true, statuses: [] });
  expect(content('h').toString()).toBe('Linux\n');
});

test('a file of the system that states a page is read up to its end', async ({ skip }) => {
  const state = newState();
  fs.writeFileSync(join(state, 'h'), '');
  const source = '/sys/kernel/mm/transparent_hugepage/enabled';
  if (!fs.existsSync(source) || !mount('--bind', source, join(state, 'h')))
    skip('nothing of the sort can be mounted here');
  expect(fs.statSync(join(state, 'h')).size).toBe(4096);
  const { complete, content } = await roundTrip(state);
  expect(complete).toBe(true);
  expect(content('h').toString()).toBe(fs.readFileSync(source, 'utf8'));
});

test('a file of the system that is another at each reading is named', async ({ skip }) => {
  const state = newState();
  fs.writeFileSync(join(state, 'h'), '');
  if (!mount('--bind', '/proc/sys/kernel/random/uuid', join(state, 'h'))) skip('nothing can be mounted here');
  const { statuses, content } = await roundTrip(state);
  expect(statuses).toMatchObject([{ path: 'h', status: 'inconsistent' }]);
  expect(content('h')).toHaveLength(37);
});

/** A FUSE file system with direct I/O: `small`, `large` and `huge`, which all state size 0. */
const DIRECT_IO = `
import sys, errno, stat, os
import fuse
fuse.fuse_python_api = (0, 2)
SIZES = {'/small': 5, '/large': 3000000, '/huge': 80 * 2**20}
class Files(fuse.Fuse):
    def getattr(self, path):
        st = fuse.Stat(st_mode=stat.S_IFREG | 0o644, st_ino=0, st_dev=0, st_nlink=1, st_uid=0, st_gid=0, st_size=0,
                       st_atime=1e9, st_mtime=1e9, st_ctime=1e9)
        if path == '/':
            st.st_mode = stat.S_IFDIR | 0o755; st.st_nlink = 2
        elif path not in SIZES:
            return -errno.ENOENT
        return st
    def readdir(self, path, offset):
        for name in ['.', '..'] + [key[1:] for key in SIZES]:
            yield fuse.Direntry(name)
    def open(self, path, flags):
        handle = fuse.FuseFileInfo(); handle.direct_io = True
        return handle
    def read(self, path, size, offset, handle=None):
        return b'x' * max(0, min(size, SIZES[path] - offset))
server = Files()
server.parse(['-f', sys.argv[1]])
server.main()
`;

test('files of size 0 in a file system without sizes are read to their end, or named', async ({ skip }) => {
  const state = newState();
  const folder = join(state, 'drive');
  fs.mkdirSync(folder);
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import fuse'], { stdio: 'ignore' });
  } catch {
    skip('python3-fuse is not here');
  }
  const device = fs.statSync(folder).dev;
  const server = spawn('/usr/bin/python3', ['-c', DIRECT_IO, folder], { stdio: 'ignore' });
  undo.push(() => server.kill('SIGKILL'));
  undo.push(() => execFileSync('umount', ['-l', folder]));
  while (server.exitCode === null && fs.statSync(folder).dev === device)
    await new Promise((done) => setTimeout(done, 20));
  if (server.exitCode !== null) {
    undo.length = 0;
    skip('FUSE does not work here');
  }
  const { statuses, content, back } = await roundTrip(state);
  expect(statuses).toMatchObject([{ path: 'drive/huge', status: 'unreadable' }]);
  expect(content('drive/small').toString()).toBe('xxxxx');
  expect(content('drive/large').equals(Buffer.alloc(3_000_000, 'x'))).toBe(true);
  expect(fs.existsSync(join(back, 'drive/huge'))).toBe(false);
});

test.for([
  ['whole seconds', 1],
  ['nanoseconds', 1.0000017],
] as const)('files whose times are ahead of the clock are still (%s)', async ([, part]) => {
  const state = newState();
  const ahead = Math.floor(Date.now() / 1000) + 86_400 * 365;
  for (let i = 0; i < 50; i++) {
    const path = join(state, `sessions/${i}.json`);
    fs.writeFileSync(path, String(i));
    fs.utimesSync(path, ahead * part, ahead * part);
  }
  const large = join(state, 'large.bin');
  fs.writeFileSync(large, Buffer.alloc(3_000_000, 'x'));
  fs.utimesSync(large, ahead, ahead);
  const { complete, statuses } = await roundTrip(state);
  expect({ complete, statuses }).toEqual({ complete: true, statuses: [] });
});

const SIZE = 256 * 1024;

/** The runs of letters in a file. */
function lettersOf(content: Buffer): string {
  let letters = '';
  for (let at = 0; at < content.length; at += 4096) {
    for (const byte of new Set(content.subarray(at, at + 4096))) {
      const letter = String.fromCharCode(byte);
      if (!letters.endsWith(letter)) letters += letter;
    }
  }
  return letters;
}

/** A letter, perhaps followed by the rest of the one before: where the system has put the writer to sleep in the middle. */
const ALPHABET = [...'abcdefghijklmnopqrstuvwxyz'];
const STATE = new RegExp(`^(?:.|${ALPHABET.map((letter, i) => letter + ALPHABET.at(i - 1)).join('|')})$`);

/** Writes one letter over a whole file in place, then the next, for ever. */
const REWRITE = `
import os, sys
fds = [os.open(path, os.O_WRONLY) for path in sys.argv[2:]]
size = int(sys.argv[1]); n = 0
while True:
    for fd in fds:
        for at in range(0, size, 4096): os.pwrite(fd, bytes([97 + n % 26]) * 4096, at)
    n += 1
    if n == 3: print('ready', flush=True)
`;

/** Snapshots of files in a folder that are written to all the time, on a clock that does not show every writing. */
async function expectNoTornFile(folder: string, snapshots: number): Promise<void> {
  fs.mkdirSync(join(folder, 'sessions'));
  fs.writeFileSync(join(folder, 'sessions/a.json'), '{}');
  const names = ['small.bin', 'large.bin'];
  for (const name of names)
    fs.writeFileSync(join(folder, name), Buffer.alloc(name === 'large.bin' ? 8 * SIZE : SIZE, 'a'));
  await start(REWRITE, String(SIZE), join(folder, 'small.bin'));
  await start(REWRITE, String(8 * SIZE), join(folder, 'large.bin'));
  for (let i = 0; i < snapshots; i++) {
    const { statuses, content } = await roundTrip(folder);
    for (const name of names) {
      const isNamed = statuses.some(({ path, status }) => path === name && status === 'inconsistent');
      if (!isNamed) expect(lettersOf(content(name))).toMatch(STATE);
    }
    // What nobody writes to is not suspected.
    expect(statuses.map(({ path }) => path)).not.toContain('sessions/a.json');
  }
}

test('on a clock of one second a torn file does not pass', { timeout: 60_000 }, async ({ skip }) => {
  const image = room.fresh('image');
  const folder = room.fresh('coarse');
  fs.mkdirSync(folder);
  execFileSync('truncate', ['-s', '64M', image]);
  try {
    execFileSync('mkfs.ext2', ['-q', '-I', '128', image], { stdio: 'ignore' });
  } catch {
    skip('mkfs.ext2 is not here');
  }
  if (!mount('-o', 'loop', image, folder)) skip('what mkfs.ext2 makes cannot be mounted here');
  // Not state: each snapshot would name it.
  fs.rmSync(join(folder, 'lost+found'), { recursive: true, force: true });
  await expectNoTornFile(folder, 4);
});

const noFuse = whyNotLimited();

test.skipIf(noFuse !== null)(
  `on a clock of two seconds a torn file does not pass (${noFuse ?? 'FUSE'})`,
  { timeout: 60_000 },
  async () => {
    const disk = await mountLimited({ clockSeconds: 2 });
    undo.push(() => disk.unmount());
    const folder = join(disk.directory, 'coarse');
    fs.mkdirSync(folder);
    await expectNoTornFile(folder, 2);
  },
);

/** Maps a file and writes one letter over all of it, then the next, for ever. */
const MAP = `
import mmap, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
view = mmap.mmap(fd, 0)
os.close(fd)
size = len(view); n = 0
while True:
    for at in range(0, size, 65536): view[at:at + 65536] = bytes([97 + n % 26]) * 65536
    n += 1
    if n == 3: print('ready', flush=True)
`;

test.runIf(process.platform === 'linux').for([SIZE, 16 * SIZE])(
  'a file of %i bytes that is written to through a mapping does not pass torn, though its times stand still',
  { timeout: 60_000 },
  async (size) => {
    const state = newState();
    const path = join(state, 'index.bin');
    fs.writeFileSync(path, Buffer.alloc(size, 'a'));
    fs.utimesSync(path, 1e9, 1e9);
    await start(MAP, path);
    for (let i = 0; i < 3; i++) {
      const { statuses, content } = await roundTrip(state);
      const isNamed = statuses.some(({ status }) => status === 'inconsistent');
      if (!isNamed) expect(lettersOf(content('index.bin'))).toMatch(STATE);
    }
  },
);

test.runIf(process.platform === 'linux')(
  'a file that is mapped, and no longer changes, is captured without a word',
  async () => {
    const state = newState();
    const path = join(state, 'index.bin');
    fs.writeFileSync(path, Buffer.alloc(SIZE, 'a'));
    const map = `import mmap, os, sys, time; fd = os.open(sys.argv[1], os.O_RDWR); view = mmap.mmap(fd, 0); print('ready', flush=True); time.sleep(1000)`;
    await start(map, path);
    const { complete, statuses } = await roundTrip(state);
    expect({ complete, statuses }).toEqual({ complete: true, statuses: [] });
  },
);
