import fs from 'node:fs';
import path from 'node:path';
import { BackupError, fromSystemError } from '../../errors.ts';
import { printable } from '../../format/printable.ts';
import { clearTemporaries } from '../../system/clear-temporaries.ts';
import { temporaryName } from '../../system/temporary-names.ts';
import { writeDurably } from '../../system/write-durably.ts';
import { versionOf } from '../local-file-reader.ts';
import { openReader } from '../open-reader.ts';
import type { ClearedObject, RangeReader, SnapshotSink, SnapshotStorage, StoredObject } from '../storage.ts';
import { FileSink } from './file-sink.ts';

/** Larger records are none of ours. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** A folder of the file system. */
export class FolderStorage implements SnapshotStorage {
  readonly location: string;
  readonly #directory: string;
  /** Files that were listed or looked at, as they are now if only our own removals changed them. */
  readonly #known = new Map<string, { version: string; stat: fs.BigIntStats }>();

  constructor(directory: string) {
    this.#directory = directory;
    this.location = path.resolve(directory);
  }

  pathOf(name: string): string {
    return path.join(this.#directory, name);
  }

  async *list(): AsyncGenerator<StoredObject, void, void> {
    for (const child of this.#children()) {
      const object = child.isFile() ? await this.look(child.name) : null;
      if (object !== null) yield object;
    }
  }

  async look(name: string): Promise<StoredObject | null> {
    const stat = this.#stat(name);
    if (stat === undefined) return null;
    const known = this.#known.get(name);
    const version = known !== undefined && versionOf(known.stat) === versionOf(stat) ? known.version : versionOf(stat);
    this.#known.set(name, { version, stat });
    return {
      name,
      length: Number(stat.size),
      version,
      // No inode: file systems of portable disks (FAT, exFAT) make them up anew at each mount. Unlike mtime no program can set ctime.
      stableVersion: `${stat.mtimeNs} ${stat.ctimeNs}`,
      modified: new Date(Number(stat.mtimeMs)),
    };
  }

  open(name: string): Promise<RangeReader> {
    return openReader(this.pathOf(name));
  }

  async begin(name: string): Promise<SnapshotSink> {
    return new FileSink(this.pathOf(name), false);
  }

  async remove({ name, version }: Pick<StoredObject, 'name' | 'version'>): Promise<void> {
    const file = this.pathOf(name);
    try {
      if ((await this.look(name))?.version !== version) throw replaced(name, file);
      const { ino, dev } = fs.lstatSync(file, { bigint: true });
      fs.unlinkSync(file);
      this.#known.delete(name);
      for (const other of this.#known.keys()) this.#noteUnlinked(other, { ino, dev });
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
    writeDurably(this.pathOf(name), Buffer.from(bytes).toString('utf8'), { temporary });
  }

  async clearAbandoned(): Promise<ClearedObject[]> {
    const cleared: ClearedObject[] = [];
    await clearTemporaries(this.#directory, (event) => {
      if (event.type === 'notice') cleared.push({ path: event.path ?? this.location, message: event.message });
    });
    return cleared;
  }

  #stat(name: string): fs.BigIntStats | undefined {
    return fs.lstatSync(this.pathOf(name), { bigint: true, throwIfNoEntry: false });
  }

  /** Another hard link of a file that was removed has a new ctime by it, and by nothing else: it is the version that it was. */
  #noteUnlinked(name: string, removed: Pick<fs.BigIntStats, 'ino' | 'dev'>): void {
    const known = this.#known.get(name);
    if (known === undefined || known.stat.ino !== removed.ino || known.stat.dev !== removed.dev) return;
    const now = this.#stat(name);
    if (now === undefined) return;
    const unchanged = { ...known.stat, ctimeNs: now.ctimeNs };
    if (versionOf(now) === versionOf(unchanged)) this.#known.set(name, { ...known, stat: now });
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

function replaced(name: string, file: string): BackupError {
  return new BackupError(
    'SNAPSHOT_REPLACED',
    `${printable(name)} is not the file any more that it was when the folder was read`,
    { path: file, hint: 'It was kept. Something else works in this folder: run it again when that is done.' },
  );
}
