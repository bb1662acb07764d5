import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { FileIdentity } from '../../capture/capture-item.ts';
import { claimTemporary, type Temporary } from '../../system/temporary.ts';
import { temporaryName } from '../../system/temporary-names.ts';
import {
  cachePath,
  directoryInName,
  directoryOfCache,
  encodeHeader,
  HEADER_BYTES,
  ROW_BYTES,
} from './stat-cache-file.ts';

const BUFFERED_ROWS = 4096;

/** Snapshots of one state directory that are remembered: more than one folder may take its snapshots in turn. */
const MOST_OF_DIRECTORY = 4;
/** Snapshots of all state directories that are remembered. */
const MOST_IN_ALL = 64;

/** Remembers the files of a snapshot in the making, in the order of its index. It appears whole, or not at all. */
export class StatCacheWriter {
  readonly #folder: string;
  readonly #stateDir: Buffer;
  readonly #temporary: Temporary;
  readonly #fd: number;
  readonly #digest = createHash('sha256');
  readonly #rows = Buffer.alloc(BUFFERED_ROWS * ROW_BYTES);
  #buffered = 0;
  #entries = 0;
  #written = HEADER_BYTES;
  #closed = false;

  /**
   * @param folder from `cacheFolder`; made if it is not there
   * @param stateDir from `stateDirKey`
   * @throws what the file system throws, here and everywhere
   */
  constructor(folder: string, stateDir: Buffer) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#stateDir = stateDir;
    const temporary = path.join(folder, temporaryName('snapshot'));
    this.#fd = fs.openSync(temporary, 'wx', 0o600);
    this.#temporary = claimTemporary(temporary, 'file');
  }

  /** Takes the next entry: of a file that need not be read again while inode and change time are these, else null. */
  add(file: Pick<FileIdentity, 'ino' | 'ctimeNs'> | null): void {
    const at = this.#buffered * ROW_BYTES;
    if (file === null || BigInt.asIntN(64, file.ctimeNs) !== file.ctimeNs) {
      this.#rows.fill(0, at, at + ROW_BYTES);
    } else {
      this.#rows.writeBigUInt64LE(BigInt.asUintN(64, file.ino), at);
      this.#rows.writeBigInt64LE(file.ctimeNs, at + 8);
    }
    this.#entries++;
    if (++this.#buffered === BUFFERED_ROWS) this.#flush();
  }

  /**
   * Makes it what is remembered of a snapshot, which is committed by now, and forgets what is oldest.
   *
   * @param rootSha256 SHA-256 of the index header of the snapshot
   * @param runs since all files were read
   */
  commit(rootSha256: Buffer, runs: number): void {
    this.#flush();
    const header = encodeHeader({ stateDir: this.#stateDir, rootSha256, entries: this.#entries, runs });
    this.#write(this.#digest.update(header).digest());
    fs.writeSync(this.#fd, header, 0, header.length, 0);
    this.#close();
    fs.renameSync(this.#temporary.path, cachePath(this.#folder, this.#stateDir, rootSha256));
    this.#temporary.release();
    this.#forgetOldest();
  }

  /** Gives up, and leaves nothing. Does nothing after `commit`. */
  discard(): void {
    if (this.#closed) return;
    this.#close();
    fs.rmSync(this.#temporary.path, { force: true });
    this.#temporary.release();
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    const rows = this.#rows.subarray(0, this.#buffered * ROW_BYTES);
    this.#digest.update(rows);
    this.#write(rows);
    this.#buffered = 0;
  }

  #write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; )
      done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, this.#written + done);
    this.#written += bytes.length;
  }

  #close(): void {
    this.#closed = true;
    fs.closeSync(this.#fd);
  }

  #forgetOldest(): void {
    const caches = fs.readdirSync(this.#folder).flatMap((name) => {
      const directory = directoryOfCache(name);
      const file = path.join(this.#folder, name);
      const stat = directory === null ? undefined : fs.statSync(file, { throwIfNoEntry: false });
      return directory === null || stat === undefined ? [] : [{ directory, file, mtimeMs: stat.mtimeMs }];
    });
    caches.sort((a, b) => b.mtimeMs - a.mtimeMs);
    const own = caches.filter(({ directory }) => directory === directoryInName(this.#stateDir));
    for (const { file } of new Set([...own.slice(MOST_OF_DIRECTORY), ...caches.slice(MOST_IN_ALL)]))
      fs.rmSync(file, { force: true });
  }
}
