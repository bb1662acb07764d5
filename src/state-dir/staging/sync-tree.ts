import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, fsync, lstatSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { OperationOptions } from '../../events.ts';
import { type BytePath, bytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { stepInto } from '../../system/near-path.ts';
import { HERE, type Platform } from '../../system/platform.ts';
import { throwIfAborted } from '../../workers/abort.ts';

const fsyncLater = promisify(fsync);

/**
 * Syncs asked for at once. On macOS each waits for the drive; several at once wait together. Node has four threads for them, or as many as
 * the variable UV_THREADPOOL_SIZE says, and the rest wait in line.
 */
const SYNCS_AT_ONCE = 16;
const ENTRIES_PER_TURN = 100;

interface SyncOptions {
  signal?: AbortSignal | undefined;
  onEvent?: OperationOptions['onEvent'] | undefined;
}

interface Sync {
  options: SyncOptions;
  platform: Platform;
  underWay: Set<Promise<void>>;
  failure: Error | null;
  entries: number;
  bytes: number;
}

/**
 * Makes a whole tree durable, contents and names.
 *
 * One syncfs (`sync -f` of coreutils) is far quicker than an fsync for each of 100,000 files, and is used where its word counts. When it reports
 * an error, that may be about files that are not ours, so ours are asked one by one; and so they are where there is no such call. On
 * macOS Node's fsync is F_FULLFSYNC: each has the drive empty its cache, so many files take long, and progress is reported.
 *
 * @throws BackupError `ABORTED`; what the system says
 */
export async function syncTree(directory: string, options: SyncOptions = {}, platform = HERE): Promise<void> {
  if (platform.syncsFileSystems && (await syncFileSystem(directory, options.signal))) return;
  const sync: Sync = { options, platform, underWay: new Set(), failure: null, entries: 0, bytes: 0 };
  try {
    await syncBelow(bytePath(directory), sync);
  } finally {
    await Promise.all(sync.underWay);
  }
  if (sync.failure !== null) throw sync.failure;
}

/** Makes the file system of a directory durable, synchronously. False where that is not possible, or fails. */
export function syncFileSystemNow(directory: BytePath, platform = HERE): boolean {
  const path = directory.toString();
  if (!platform.syncsFileSystems || !Buffer.from(path).equals(directory)) return false;
  const { status, stdout, stderr } = spawnSync('sync', ['-f', path]);
  return status === 0 && stdout.length === 0 && stderr.length === 0;
}

function syncFileSystem(directory: string, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      // A `sync` that does not know -f may warn, ignore it and report success: that does not count.
      execFile('sync', ['-f', directory], signal === undefined ? {} : { signal }, (error, stdout, stderr) =>
        resolve(error === null && stdout === '' && stderr === ''),
      );
    } catch {
      // Node may start no programs (--permission).
      resolve(false);
    }
  });
}

/** A directory or file that its owner may not read cannot be opened to be synced: it may for so long. */
async function syncBelow(path: BytePath, sync: Sync): Promise<void> {
  const mode = lstatSync(path).mode & 0o7777;
  const unreadable = (mode & 0o500) !== 0o500;
  if (unreadable) chmodSync(path, mode | 0o500);
  const directory = stepInto(path, sync.platform);
  try {
    for (const name of childNames(directory.path)) await syncEntry(joinBytes(directory.path, name), sync);
    fsyncDirectory(directory.path, sync.platform);
  } finally {
    directory.leave();
    if (unreadable) chmodSync(path, mode);
  }
}

async function syncEntry(path: BytePath, sync: Sync): Promise<void> {
  const stats = lstatSync(path);
  if (stats.isDirectory()) {
    await syncBelow(path, sync);
  } else if (stats.isFile()) {
    const done = syncFile(openFile(path, stats.mode & 0o7777), sync).finally(() => sync.underWay.delete(done));
    sync.underWay.add(done);
    sync.bytes += stats.size;
    if (sync.underWay.size >= SYNCS_AT_ONCE) await Promise.race(sync.underWay);
    if (sync.failure !== null) throw sync.failure;
  }
  sync.entries++;
  if (sync.entries % ENTRIES_PER_TURN !== 0) return;
  await setImmediate();
  const { signal, onEvent } = sync.options;
  throwIfAborted(signal);
  onEvent?.({ type: 'progress', phase: 'sync', entries: sync.entries, bytes: sync.bytes });
}

function openFile(path: BytePath, mode: number): number {
  const unreadable = (mode & 0o400) === 0;
  if (unreadable) chmodSync(path, mode | 0o400);
  try {
    return openSync(path, 'r');
  } finally {
    if (unreadable) chmodSync(path, mode);
  }
}

/** Never rejects: the first failure is remembered, so that none is lost while nobody waits for it. */
async function syncFile(descriptor: number, sync: Sync): Promise<void> {
  try {
    await fsyncLater(descriptor);
  } catch (error) {
    sync.failure ??= error as Error;
  } finally {
    closeSync(descriptor);
  }
}
