import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../../errors.ts';
import { printable } from '../../format/printable.ts';
import { clearTemporaries } from '../../system/clear-temporaries.ts';
import { temporaryName } from '../../system/temporary-names.ts';
import { writeDurably } from '../../system/write-durably.ts';
import { fromSystemError } from '../../system-errors.ts';
import { versionOf } from '../local-file-reader.ts';
import type { RangeReader } from '../range-reader.ts';
import { spoolStream } from '../spooled-stream.ts';
import type { BeginOptions, ClearedObject, SnapshotSink, SnapshotStorage, StoredObject } from '../storage.ts';
import { FileSink } from './file-sink.ts';
import { openFile, openPipe } from './open-file.ts';

/** Larger records are none of ours. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

interface KnownFile {
  version: string;
  stat: fs.BigIntStats;
}

/** A folder of the file system. */
export class FolderStorage implements SnapshotStorage {
  readonly location: string;
  readonly isRemote = false;
  readonly #directory: string;
  /** Files that were listed or looked at, as they are now if only our own removals changed them. */
  readonly #known = new Map<string, KnownFile>();

  constructor(directory: string) {
    this.#directory = directory;
    this.location = path.resolve(directory);
  }

  pathOf(name: string): string {
    return path.join(this.#directory, name);
  }

  /** One that the system does not let be looked at is listed without a version, so that it hides no other: opening it says why. */
  async *list(): AsyncGenerator<StoredObject, void, void> {
    for (const child of this.#children()) {
      if (!child.isFile()) continue;
      const object = this.#lookIfPossible(child.name);
      if (object !== null) yield object;
    }
  }

  async look(name: string): Promise<StoredObject | null> {
    try {
      const now = this.#know(name);
      return now === null ? null : objectOf(name, now);
    } catch (error) {
      throw fromSystemError(error, 'look at the snapshot', this.pathOf(name));
    }
  }

  async open(name: string): Promise<RangeReader> {
    const file = this.pathOf(name);
    return openFile(file) ?? spoolStream(file, await openPipe(file), {});
  }

  async begin(name: string | (() => string), { replace = false }: BeginOptions = {}): Promise<SnapshotSink> {
    return new FileSink(typeof name === 'string' ? this.pathOf(name) : () => this.pathOf(name()), replace);
  }

  async remove({ name, version }: Pick<StoredObject, 'name' | 'version'>): Promise<void> {
    const file = this.pathOf(name);
    try {
      const now = this.#know(name);
      if (now?.version !== version) throw replaced(name, file);
      fs.unlinkSync(file);
      this.#known.delete(name);
      for (const other of this.#known.keys()) this.#noteUnlinked(other, now.stat);
    } catch (error) {
      throw fromSystemError(error, `remove the snapshot ${printable(name)}`, file);
    }
  }

  async readRecord(name: string): Promise<Uint8Array | null> {
    const stat = this.#stat(name);
    if (stat?.isFile() !== true || stat.size > MAX_RECORD_BYTES) return null;
    return fs.readFileSync(this.pathOf(name));
  }

  async writeRecord(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = path.join(this.#directory, temporaryName('snapshot'));
    writeDurably(this.pathOf(name), bytes, { temporary });
  }

  async clearAbandoned(): Promise<ClearedObject[]> {
    const cleared: ClearedObject[] = [];
    await clearTemporaries(this.#directory, (event) => {
      if (event.type === 'notice') cleared.push({ path: event.path ?? this.location, message: event.message });
    });
    return cleared;
  }

  #lookIfPossible(name: string): StoredObject | null {
    try {
      const now = this.#know(name);
      return now === null ? null : objectOf(name, now);
    } catch {
      return { name, length: 0, version: '', stableVersion: '', modified: new Date(0) };
    }
  }

  /** What is at a name now, as the version that it had before where only our own removals have changed it since. */
  #know(name: string): KnownFile | null {
    const stat = this.#stat(name);
    if (stat === undefined) return null;
    const before = this.#known.get(name);
    const isSame = before !== undefined && versionOf(before.stat) === versionOf(stat);
    const now = { version: isSame ? before.version : versionOf(stat), stat };
    this.#known.set(name, now);
    return now;
  }

  #stat(name: string): fs.BigIntStats | undefined {
    return fs.lstatSync(this.pathOf(name), { bigint: true, throwIfNoEntry: false });
  }

  /** Another hard link of a file that was removed has a new ctime by it, and by nothing else: it is the version that it was. */
  #noteUnlinked(name: string, removed: Pick<fs.BigIntStats, 'ino' | 'dev'>): void {
    const known = this.#known.get(name);
    if (known === undefined || known.stat.ino !== removed.ino || known.stat.dev !== removed.dev) return;
    try {
      const now = this.#stat(name);
      if (now !== undefined && versionOf(now) === versionOf({ ...known.stat, ctimeNs: now.ctimeNs }))
        this.#known.set(name, { ...known, stat: now });
    } catch {
      // It counts as changed then, and stays.
    }
  }

  #children(): fs.Dirent[] {
    const directory = this.#directory;
    try {
      return fs.readdirSync(directory, { withFileTypes: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        throw fromSystemError(error, 'read the folder of snapshots', directory);
      const what = code === 'ENOENT' ? `there is no folder ${directory}` : `${directory} is not a folder`;
      throw new BackupError('SNAPSHOT_MISSING', what, {
        path: directory,
        hint: 'Name the folder that holds the snapshots.',
        cause: error,
      });
    }
  }
}

function objectOf(name: string, { version, stat }: KnownFile): StoredObject {
  return {
    name,
    length: Number(stat.size),
    version,
    // No inode: file systems of portable disks (FAT, exFAT) make new ones at each mount. Unlike mtime, no program can set ctime.
    stableVersion: `${stat.mtimeNs} ${stat.ctimeNs}`,
    modified: new Date(Number(stat.mtimeMs)),
  };
}

function replaced(name: string, file: string): BackupError {
  return new BackupError(
    'SNAPSHOT_REPLACED',
    `${printable(name)} is not the file any more that it was when the folder was read`,
    { path: file, hint: 'It was kept. Something else works in this folder: run it again when that is done.' },
  );
}
