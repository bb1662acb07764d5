import type { BigIntStats } from 'node:fs';
import type { Attributes, CaptureItem, LiveSource } from './capture-item.ts';
import type { Exclusions } from './exclusions.ts';
import { attributesOf } from './file-state.ts';
import type { GitScan } from './git/git-scan.ts';
import type { PreloadedDirectory, PreloadedFile } from './git/preloaded-directory.ts';
import { HardLinks } from './hard-links.ts';
import type { MappedFiles } from './mapped-files.ts';
import { PinnedFile } from './pinned-file.ts';
import type { ScanReport } from './scan-report.ts';
import type { ScannedDirectory } from './scanned-directory.ts';
import type { SeenTree } from './seen-tree.ts';
import type { DatabasesOfDirectory } from './sqlite/side-files.ts';
import { pointsOutside, readLink } from './symbolic-link.ts';

/** A file that may belong to a SQLite database: whether it is copied or read is decided after the scan. */
export type FoundDatabase = Attributes & {
  type: 'database';
  size: number;
  source: LiveSource;
  /** Number of its names: hard links. */
  links: number;
  /** To be called when it could not be captured: what lies beside it is then of no use. */
  lose: () => void;
};

export interface ItemBuilderOptions {
  exclusions: Exclusions;
  /** Files that a process may write to without a trace; absent where nothing is read. */
  mapped?: MappedFiles | undefined;
  /** Gets all that is seen; absent where nobody looks for what was moved meanwhile. */
  seen?: SeenTree | undefined;
}

/** What of its directory decides what a file becomes. */
export interface FileSurroundings {
  databases: DatabasesOfDirectory;
  /** The git repository whose own directory this is in. */
  git: GitScan | null;
  /** What of this directory was read ahead. */
  preloaded: PreloadedDirectory | null;
}

/** Makes items of the files and symbolic links that a scan comes to. */
export class ItemBuilder {
  readonly #options: ItemBuilderOptions;
  readonly #report: ScanReport;
  readonly #links = new HardLinks();
  /** Paths of the databases that have more names. */
  readonly #linkedDatabases = new Set<string>();

  constructor(options: ItemBuilderOptions, report: ScanReport) {
    this.#options = options;
    this.#report = report;
  }

  /** Files that were forgotten before all of their names were found. */
  get forgotten(): number {
    return this.#links.forgotten;
  }

  /** @throws what the system says */
  file(
    attributes: Attributes,
    absolute: string,
    stat: BigIntStats,
    { databases, git, preloaded }: FileSurroundings,
    name: string,
  ): CaptureItem | FoundDatabase | null {
    const { path, mode, uid, gid, mtimeNs } = attributes;
    const reason = databases.sideFileReason(name, absolute);
    if (reason !== null) {
      this.#report.excludeByRule(path, absolute, 'file', reason, stat);
      return null;
    }
    const size = Number(stat.size);
    const source = liveSource(absolute, stat, this.#options.mapped?.has(stat, name) ?? false);
    const held = preloaded?.children.get(name);
    if (held instanceof PinnedFile) source.held = held;
    const isObject = git?.names.isObject(path) ?? false;
    if (stat.nlink > 1n) {
      const first = this.#links.firstNameOf(stat);
      if (first !== null) {
        if (isObject) git?.keep(path);
        if (this.#linkedDatabases.has(first.path)) databases.addName(name);
        // All names of a file have what the first was seen with, whatever has changed since.
        return { ...first, path, type: 'hardlink', link: first.path, size, source };
      }
    }
    let item: CaptureItem | FoundDatabase | null;
    if (isObject) item = this.#object(attributes, source, git as GitScan);
    else if (databases.isDatabase(name, absolute, size)) {
      item = {
        path,
        mode,
        uid,
        gid,
        mtimeNs,
        type: 'database',
        size,
        source,
        links: Number(stat.nlink),
        lose: () => databases.lose(name),
      };
    } else {
      item = { path, mode, uid, gid, mtimeNs, type: 'file', size, source };
      databases.keepOpaque(name, source.expect);
      const database = databases.opaqueDatabaseOf(name, absolute);
      if (database !== null) this.#options.seen?.pair(path, database.name, database.identity);
    }
    if (item !== null && stat.nlink > 1n) {
      this.#links.keep({ path, mode, uid, gid, mtimeNs }, stat);
      if (item.type === 'database') this.#linkedDatabases.add(path);
    }
    return item;
  }

  #object(attributes: Attributes, source: LiveSource, git: GitScan): CaptureItem | null {
    const { path } = attributes;
    const read = source.held ?? git.readObject(source);
    if (read !== null && 'status' in read) {
      this.#report.lose(path, read, git, source.expect);
      return null;
    }
    git.keep(path);
    if (read !== null && 'bytes' in read) {
      return this.#readAhead({ ...attributes, mtimeNs: read.stat.mtimeNs }, read.bytes);
    }
    if (read !== null) source.held = read;
    return { ...attributes, type: 'file', size: source.expect.size, source };
  }

  /** A file of a directory that was read ahead. */
  preloadedFile(directory: ScannedDirectory, name: string, { stat, bytes }: PreloadedFile): CaptureItem | null {
    const path = directory.path + name;
    const reason = this.#options.exclusions.reasonFor(directory, name, 'file', stat);
    if (reason !== null) {
      this.#report.excludeByRule(path, directory.absolute + name, 'file', reason, stat);
      return null;
    }
    this.#options.seen?.saw(stat);
    const attributes: Attributes = { path, ...attributesOf(stat) };
    attributes.mode = this.#report.safeMode(path, attributes.mode, 0o6000);
    if (stat.nlink > 1n) {
      const first = this.#links.firstNameOf(stat);
      const source = liveSource(directory.absolute + name, stat, false);
      if (first !== null) return { ...first, path, type: 'hardlink', link: first.path, size: bytes.length, source };
      this.#links.keep(attributes, stat);
    }
    return this.#readAhead(attributes, bytes);
  }

  #readAhead(attributes: Attributes, bytes: Buffer): CaptureItem {
    return { ...attributes, type: 'file', size: bytes.length, source: { kind: 'bytes', bytes } };
  }

  symlink(attributes: Attributes, absolute: string, stat: BigIntStats): CaptureItem | null {
    const { path } = attributes;
    const read = readLink(absolute);
    if (!('link' in read)) {
      this.#report.lose(path, read, null, stat);
      return null;
    }
    if (pointsOutside(path, read.link)) {
      const message = `points to ${read.link}, outside the state directory: the link is kept, not what it points to`;
      this.#report.notice(path, message);
    }
    return { ...attributes, type: 'symlink', link: read.link };
  }
}

function liveSource(absolute: string, stat: BigIntStats, mapped: boolean): LiveSource {
  const { dev, ino, mtimeNs, ctimeNs } = stat;
  return {
    kind: 'live',
    absolute,
    expect: { dev, ino, size: Number(stat.size), mtimeNs, ctimeNs },
    idleDatabase: false,
    mapped,
  };
}
