import { realpathSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FileKey } from '../system/file-key.ts';
import { HERE } from '../system/platform.ts';
import { CLOCK_TICK_MS } from './file-state.ts';
import { look } from './find-moved.ts';

const PROC = '/proc';
/** Processes that are looked at side by side. */
const AT_A_TIME = 16;
/** A line of `maps`: a shared mapping that may be written to, of a file. */
const SHARED_WRITABLE = /^[0-9a-f]+-[0-9a-f]+ .w.s [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) ([1-9]\d*) +(\/.*)$/gm;
const DELETED = ' (deleted)';

interface MappedFile {
  dev: bigint;
  ino: bigint;
  /** As the process that has it mapped sees it. */
  path: string;
}

/**
 * Files that a process has mapped into its memory, to write to them. What it writes so need not move the file's times: the
 * system moves them with the first write to a page only, or (in memory, on FUSE) not at all.
 *
 * Known on Linux, of the processes that we may look at: our own user's, or all when we are root; not those outside of a
 * container. Elsewhere nothing is known, and a file that is written so while it is read shows by its times alone.
 */
export class MappedFiles {
  readonly #byInode = new Map<bigint, MappedFile[]>();

  private constructor(files: Iterable<MappedFile>) {
    for (const file of files) {
      const known = this.#byInode.get(file.ino);
      if (known === undefined) this.#byInode.set(file.ino, [file]);
      else known.push(file);
    }
  }

  /** Where mappings are not looked at. */
  static readonly none = new MappedFiles([]);

  /** Looks at every process. */
  static async look(): Promise<MappedFiles> {
    if (!HERE.hasProc) return new MappedFiles([]);
    const files = new Map<string, MappedFile>();
    const own = String(process.pid);
    const pids = (await namesIn(PROC)).filter((name) => /^\d+$/.test(name) && name !== own);
    for (let start = 0; start < pids.length; start += AT_A_TIME) {
      const some = pids.slice(start, start + AT_A_TIME).map((pid) => mapsOf(pid));
      for (const maps of await Promise.all(some)) {
        for (const file of parseMaps(maps)) files.set(`${file.dev}:${file.ino}:${file.path}`, file);
      }
    }
    return new MappedFiles(files.values());
  }

  /** @param name of the file: some file systems (btrfs, overlayfs) show processes another device */
  has({ dev, ino }: FileKey, name: string): boolean {
    if (this.#byInode.size === 0) return false;
    const found = this.#byInode.get(ino);
    return found?.some((file) => file.dev === dev || basename(file.path) === name) ?? false;
  }

  /**
   * Files below a directory that were mapped after an earlier look, and written to.
   *
   * @param root absolute path of the directory
   * @param sinceMs the time of that look, milliseconds since 1970
   */
  *writtenSince(root: string, earlier: MappedFiles, sinceMs: number): Generator<string, void, void> {
    const top = `${realpathSync(root).replace(/\/$/, '')}/`;
    const paths = [...this.#byInode.values()].flat().map(({ path }) => path);
    for (const path of new Set(paths)) {
      if (!path.startsWith(top)) continue;
      const stat = look(path);
      if (stat === null || !this.has(stat, basename(path)) || earlier.has(stat, basename(path))) continue;
      if (Number(stat.mtimeNs) / 1e6 >= sinceMs - CLOCK_TICK_MS) yield path.slice(top.length);
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    // A system without /proc.
    return [];
  }
}

async function mapsOf(pid: string): Promise<string> {
  try {
    return await readFile(`${PROC}/${pid}/maps`, 'utf8');
  } catch {
    // It has ended, or belongs to another user.
    return '';
  }
}

/** The files of a process's `maps`. */
function* parseMaps(maps: string): Generator<MappedFile, void, void> {
  for (const [, major = '', minor = '', inode = '', shown = ''] of maps.matchAll(SHARED_WRITABLE)) {
    if (shown.endsWith(DELETED)) continue;
    // There is no other escape.
    const path = shown.replaceAll('\\012', '\n');
    yield { dev: deviceNumber(BigInt(`0x${major}`), BigInt(`0x${minor}`)), ino: BigInt(inode), path };
  }
}

/** A device as `stat` has it (glibc's `makedev`). */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return ((major & ~0xfffn) << 32n) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | (minor & 0xffn);
}
