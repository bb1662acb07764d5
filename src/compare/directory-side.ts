import { createHash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CaptureItem, LiveSource } from '../capture/capture-item.ts';
import { exclusionsOf } from '../capture/exclusions.ts';
import type { FoundDatabase } from '../capture/item-builder.ts';
import { readFailure } from '../capture/open-regular.ts';
import type { PinnedFile } from '../capture/pinned-file.ts';
import { scanStateDir } from '../capture/scan.ts';
import { stillIdle } from '../capture/sqlite/idle-database.ts';
import { openStateDir } from '../capture/state-directory.ts';
import type { OperationOptions } from '../events.ts';
import { type Entry, splitTime } from '../format/entry.ts';
import type { Manifest } from '../format/manifest.ts';
import { statIfAny } from '../system/stat-if-any.ts';
import { throwIfAborted } from '../workers/abort.ts';
import type { Unreadable } from './difference.ts';
import { fileDigest } from './file-digest.ts';
import type { Side } from './side.ts';

type Source = LiveSource | { kind: 'bytes'; bytes: Uint8Array };

/**
 * A live directory as a side of a comparison: what `createSnapshot` would see in it, in the same order. What that excludes is not looked at, so
 * it is no difference either.
 *
 * Databases are compared by their bytes. The snapshot of one that was in use is a copy made by SQLite, which need not have
 * them all in common with the live file; a notice says so where it matters.
 *
 * @param manifest of the snapshot: it was made with these patterns, under this host name
 * @param snapshotFd a descriptor of the snapshot, if it is a local file: it may lie in the directory
 * @param snapshot its path; null of a stream
 */
export function directorySide(
  directory: string,
  { excludes = [], source: madeOn }: Manifest,
  snapshotFd: number | undefined,
  snapshot: string | null,
  { signal, onEvent }: OperationOptions,
): Side {
  const { root } = openStateDir(directory);
  const unreadable: Unreadable[] = [];
  // Of the current entry, which is the only one whose digest is asked for.
  let current: { item: CaptureItem | FoundDatabase; source: Source } | null = null;

  function* entries(): Generator<Entry, void, void> {
    const held: PinnedFile[] = [];
    const scan = scanStateDir(root, {
      exclusions: exclusionsOf(root, {
        excludes,
        host: madeOn?.hostname,
        output: snapshotFd === undefined ? [] : [fstatSync(snapshotFd, { bigint: true })],
        folders: snapshot === null ? [] : [dirname(snapshot)],
      }),
      // Whatever is there under this name, no snapshot could hold it.
      isBackupManifest: () => true,
      dryRun: false,
      onPinned: (file) => held.push(file),
      report: {
        excluded: () => {},
        incomplete: (path, _verdict, detail) => unreadable.push({ path, detail }),
        notice: () => {},
      },
    });
    try {
      for (const item of scan) {
        const source = 'source' in item && item.source.kind !== 'copy' ? item.source : null;
        current = source === null ? null : { item, source };
        yield entryOf(item);
      }
    } finally {
      for (const file of held) file.close();
    }
  }

  return {
    entries,
    async digest({ path }) {
      if (current?.item.path !== path) throw new Error('unreachable: digests are asked for as entries come');
      const { item, source } = current;
      if (source.kind === 'bytes') return createHash('sha256').update(source.bytes).digest('hex');
      if (item.type === 'database' && !stillIdle(source.absolute)) {
        onEvent?.({
          type: 'notice',
          path,
          message: 'a database in use: a snapshot of it can have other bytes though it holds the same rows',
        });
      }
      try {
        return await fileDigest(source.absolute, signal);
      } catch (error) {
        throwIfAborted(signal);
        unreadable.push({ path, detail: readFailure(error).detail });
        return null;
      }
    },
    timeUnit: 1000,
    live: true,
    unreadable,
    totals: null,
    implies: () => false,
  };
}

function entryOf(item: CaptureItem | FoundDatabase): Entry {
  const { path, mode, uid, gid } = item;
  const common = { path, mode, uid, gid, ...splitTime(timeOf(item)) };
  if (item.type === 'file' || item.type === 'database') return { ...common, type: 'file', size: item.size };
  if (item.type === 'directory') return { ...common, type: 'directory', size: 0 };
  return { ...common, type: item.type, size: 0, link: item.link };
}

/** As the capture has it: what is committed to a database may be in its write-ahead log only. */
function timeOf(item: CaptureItem | FoundDatabase): bigint {
  if (item.type !== 'database') return item.mtimeNs;
  const wal = statIfAny(`${item.source.absolute}-wal`);
  return wal !== undefined && wal.size > 0n && wal.mtimeNs > item.mtimeNs ? wal.mtimeNs : item.mtimeNs;
}
