import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type BytePath, bytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { setMtimes, type TimedPath } from '../../system/exact-times.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import { type ExchangeLayout, parentPath, pathBytes } from '../merge/exchange-layout.ts';
import type { ExchangeRecord } from '../merge/exchange-record.ts';
import { readTop } from '../top-attributes.ts';
import { syncTree } from './sync-tree.ts';

const ENTRIES_PER_TURN = 100;

interface Copying {
  signal: AbortSignal | undefined;
  /** Where the first name of a file with several names went, by volume, device and inode. */
  links: Map<string, BytePath>;
  times: TimedPath[];
  entries: number;
}

/**
 * Copies what is to come to volumes that are mounted below the state directory to these, for nothing can be renamed from one file
 * system to another. Done before anything moves, so that a full volume changes nothing.
 *
 * @param staged the staged tree
 */
export async function stageOnVolumes(
  record: ExchangeRecord,
  layout: ExchangeLayout,
  staged: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const copying: Copying = { signal, links: new Map(), times: [], entries: 0 };
  const used = new Set<number>();
  for (const item of record.items) {
    if (item.volume === 0 || item.in === null) continue;
    if (!used.has(item.volume)) makeReserved(layout, item.volume);
    used.add(item.volume);
    const from = item.from ?? item.in;
    const base = layout.incomingBase(item.volume);
    mkdirSync(parentPath(from) === '' ? base : joinBytes(base, pathBytes(parentPath(from))), {
      recursive: true,
      mode: 0o700,
    });
    await copyEntry(joinBytes(bytePath(staged), pathBytes(from)), layout.incoming(item), item.volume, copying);
  }
  setMtimes(copying.times);
  for (const volume of used) await syncTree(layout.incomingBase(volume).toString());
}

/** Makes the directory at the top of a volume that artifacts lie in. */
export function makeReserved(layout: ExchangeLayout, volume: number): void {
  mkdirSync(layout.reserved(volume), { recursive: true, mode: 0o700 });
  fsyncDirectory(layout.reserved(volume));
}

/** Takes away a directory of ours at the top of a volume, if nothing lies in it any more. The top keeps its time. */
export function removeReserved(reserved: string): void {
  try {
    if (readdirSync(reserved).length > 0) return;
    const { mtimeNs } = readTop(dirname(reserved));
    rmdirSync(reserved);
    setMtimes([{ path: dirname(reserved), mtimeNs }]);
  } catch {
    // Never made, or not ours to remove: an empty directory does no harm.
  }
}

/** Removes copies that did not come in. */
export function removeCopies({ volumes }: ExchangeRecord, layout: ExchangeLayout): void {
  for (let volume = 1; volume < volumes.length; volume++) {
    rmSync(layout.incomingDirectory(volume), { recursive: true, force: true });
  }
}

/** Removes the directories of ours at the tops of volumes where nothing lies in them. The tops keep the times that they have on a side. */
export function clearVolumes(
  { volumes, directories }: ExchangeRecord,
  layout: ExchangeLayout,
  side: 'before' | 'after',
): void {
  for (let volume = 1; volume < volumes.length; volume++) {
    try {
      rmdirSync(layout.reserved(volume));
    } catch {
      // Not made, or previous states lie in it.
    }
  }
  const tops = directories.filter(({ path }) => path !== '' && volumes.includes(path));
  setMtimes(tops.map((top) => ({ path: layout.live(top.path), mtimeNs: top[side].mtimeNs })));
}

async function copyEntry(from: BytePath, to: BytePath, volume: number, copying: Copying): Promise<void> {
  copying.entries += 1;
  if (copying.entries % ENTRIES_PER_TURN === 0) {
    await setImmediate();
    throwIfAborted(copying.signal);
  }
  const stats = lstatSync(from, { bigint: true });
  if (stats.isDirectory()) {
    mkdirSync(to, { mode: 0o700 });
    for (const name of childNames(from)) await copyEntry(joinBytes(from, name), joinBytes(to, name), volume, copying);
  } else if (stats.isSymbolicLink()) {
    symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to);
  } else {
    const identity = `${volume}:${stats.dev}:${stats.ino}`;
    const first = stats.nlink > 1n ? copying.links.get(identity) : undefined;
    if (first !== undefined) {
      linkSync(first, to);
      return;
    }
    if (stats.nlink > 1n) copying.links.set(identity, to);
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
  if (process.geteuid?.() === 0) lchownSync(to, Number(stats.uid), Number(stats.gid));
  // After chown, which clears set-id bits.
  if (!stats.isSymbolicLink()) chmodSync(to, Number(stats.mode & 0o7777n));
  copying.times.push({ path: to, mtimeNs: stats.mtimeNs });
}
