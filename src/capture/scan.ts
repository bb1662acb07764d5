import { type BigIntStats, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { BackupError, fromSystemError, isSystemError } from '../errors.ts';
import { MANIFEST_PATH, MAX_PATH_BYTES } from '../format/path-rules.ts';
import type { Attributes, CaptureItem, FileKey, LiveSource } from './capture-item.ts';
import type { CaptureReport, LeftOut } from './capture-report.ts';
import { type DirectoryNames, escapeBytes, listDirectory } from './directory-names.ts';
import type { Exclusions } from './exclusions.ts';
import { isSameFile } from './file-state.ts';
import { type FrozenDirectory, type FrozenFile, isFrozenBranch, isFrozenFile } from './git/frozen-directory.ts';
import { GitScan, isGitDirectory } from './git/git-scan.ts';
import { HardLinks } from './hard-links.ts';
import { HeldFile } from './held-file.ts';
import type { MappedFiles } from './mapped-files.ts';
import { readFailure } from './open-regular.ts';
import { OWN_SNAPSHOT } from './own-rules.ts';
import { ScannedDirectory, typeOf } from './scanned-directory.ts';
import type { SeenTree } from './seen-tree.ts';
import { DatabasesOfDirectory } from './sqlite/side-files.ts';
import { type SystemReason, systemReason } from './system-reason.ts';
import { treeSize } from './tree-size.ts';

export interface ScanOptions {
  exclusions: Exclusions;
  report: CaptureReport;
  /** Tells a stray manifest of a backup, which stays out, from a file of the user with that name, which is an error. */
  isBackupManifest: (bytes: Uint8Array) => boolean;
  /** Told of each file that was opened ahead: to be closed when the scan and its consumer are done. */
  onHeld: (held: HeldFile) => void;
  /** Add up the sizes of directories that stay out. */
  dryRun: boolean;
  /** Files that a process may write to without a trace; absent where nothing is read. */
  mapped?: MappedFiles | undefined;
  /** Told of all that is seen; absent where nobody looks for what was moved meanwhile. */
  seen?: SeenTree | undefined;
}

/** The state directory itself, which has no entry. */
export type TopAttributes = Omit<Attributes, 'path'>;

/** A directory on the way from the top to where the scan is. */
interface Level {
  directory: ScannedDirectory;
  next: number;
  databases: DatabasesOfDirectory;
  /** The git repository whose own directory this is in. */
  git: GitScan | null;
  /** What of this directory was read ahead. */
  frozen: FrozenDirectory | null;
}

/** A file that SQLite has something to say about: whether it is copied or read is decided behind the scan. */
export type FoundDatabase = Attributes & {
  type: 'database';
  size: number;
  source: LiveSource;
  /** Number of its names: hard links. */
  links: number;
  /** To be called when it could not be captured: what lies beside it is then not captured with it. */
  lose: () => void;
};

/**
 * Looks at the state directory itself.
 *
 * @returns its absolute path, and what the root of the index says about it
 * @throws BackupError `STATE_DIR_MISSING`, `PERMISSION`, `IO`
 */
export function openStateDir(stateDir: string): { root: string; top: TopAttributes } {
  const root = resolve(stateDir);
  let stat: BigIntStats;
  try {
    stat = statSync(root, { bigint: true });
  } catch (error) {
    if (systemReason(error).verdict === 'vanished') throw missing(root, 'does not exist');
    throw fromSystemError(error, 'look at the state directory', root);
  }
  if (!stat.isDirectory()) throw missing(root, 'is not a directory');
  const { mode, uid, gid, mtimeNs } = attributesOf('', stat);
  return { root, top: { mode, uid, gid, mtimeNs } };
}

function missing(root: string, what: string): BackupError {
  return new BackupError('STATE_DIR_MISSING', `the state directory ${root} ${what}`, {
    path: root,
    hint: 'Name the right one with --state-dir or OXIOS_STATE_DIR.',
  });
}

/**
 * Walks the state directory in the order of the snapshot, with synchronous calls: several times as fast as others, and a
 * step takes microseconds. Holds one listing for each level of depth.
 *
 * @param root absolute path of the state directory
 * @throws BackupError `MANIFEST_NAME_TAKEN`; `PERMISSION`, `IO` when the state directory itself cannot be listed
 */
export function* scanStateDir(root: string, options: ScanOptions): Generator<CaptureItem | FoundDatabase, void, void> {
  const scanner = new Scanner(options);
  const levels = [scanner.openTop(root)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.directory.names[level.next++];
    if (name === undefined) {
      levels.pop();
      scanner.leave(level);
      continue;
    }
    const item = scanner.visit(level, name);
    if (item === null) continue;
    if (item.type === 'directory') {
      // Listed before it is yielded: a directory that cannot be listed is a loss, and then it is no entry.
      const below = scanner.descend(level, levels.length, name, item.path);
      if (below === null) continue;
      levels.push(below);
    }
    yield item;
  }
}

class Scanner {
  readonly #options: ScanOptions;
  readonly #report: CaptureReport;
  readonly #links = new HardLinks();
  /** Paths of the databases that have more names. */
  readonly #linkedDatabases = new Set<string>();
  /** The directory that was visited last, as it was then. */
  #visited: BigIntStats | null = null;
  #sawSnapshot = false;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#report = options.report;
  }

  openTop(root: string): Level {
    const absolute = root.endsWith('/') ? root : `${root}/`;
    try {
      this.#options.seen?.listed(0, '', statSync(root, { bigint: true }));
      return this.#level('', absolute, listDirectory(root), null, null);
    } catch (error) {
      throw fromSystemError(error, 'list the state directory', root);
    }
  }

  /**
   * Lists the directory that was just visited.
   *
   * @returns null for one that cannot be listed, which is then a loss
   */
  descend(parent: Level, depth: number, name: string, path: string): Level | null {
    const visited = this.#visited;
    const absolute = `${parent.directory.absolute}${name}/`;
    const inside = `${path}/`;
    let { git } = parent;
    try {
      const known = parent.frozen?.children.get(name);
      let frozen: FrozenDirectory | null = known !== undefined && isFrozenBranch(known) ? known : null;
      if (git?.isPacks(inside)) frozen = git.freezePacks();
      let listing = frozen?.listing ?? listDirectory(absolute);
      if (frozen === null && this.#isGitDirectory(inside, absolute, listing)) {
        git = new GitScan(inside, absolute, this.#options);
        frozen = git.freeze();
        listing = frozen.listing ?? listing;
      }
      // What was listed may have been what a link that took its place leads to.
      if (known === undefined && visited !== null && !isStillThere(absolute, visited)) {
        this.#loseFor(path, { verdict: 'vanished', detail: 'something else took its place' }, git, visited);
        return null;
      }
      if (visited !== null) this.#options.seen?.listed(depth, name, visited);
      return this.#level(inside, absolute, listing, git, frozen);
    } catch (error) {
      this.#loseFor(path, systemReason(error), git, visited);
      return null;
    }
  }

  #level(
    path: string,
    absolute: string,
    { names, undecodable }: DirectoryNames,
    git: GitScan | null,
    frozen: FrozenDirectory | null,
  ): Level {
    const directory = new ScannedDirectory(path, absolute, names, git?.names ?? null);
    for (const { decoded, shown } of undecodable) {
      const pattern = this.#options.exclusions.patternFor(directory, decoded);
      if (pattern === null) this.#report.loss(path + shown, 'unreadable', 'its name is not UTF-8');
      else
        this.#report.leftOut({ path: path + shown, type: directory.typeOf(decoded), reason: `--exclude ${pattern}` });
    }
    return { directory, next: 0, databases: new DatabasesOfDirectory(names), git, frozen };
  }

  #isGitDirectory(path: string, absolute: string, { names }: DirectoryNames): boolean {
    // Most are none: no need to make more of them than their names.
    return (
      names.includes('HEAD') &&
      isGitDirectory(new ScannedDirectory(path, absolute, names, null), this.#options.exclusions)
    );
  }

  leave(level: Level): void {
    const { forgotten } = this.#links;
    if (level.directory.path === '' && forgotten > 0) {
      const files = `${forgotten} files have names outside the state directory, or too far apart in it`;
      this.#report.notice('.', `${files}: a further name of one of them is captured as a file of its own`);
    }
    if (level.git?.isObjects(level.directory.path)) level.git.finish();
  }

  visit(level: Level, name: string): CaptureItem | FoundDatabase | null {
    const { directory } = level;
    const path = directory.path + name;
    const absolute = directory.absolute + name;
    const { exclusions } = this.#options;
    const pattern = exclusions.patternFor(directory, name);
    if (pattern !== null) {
      this.#exclude(level, name, `--exclude ${pattern}`);
      return null;
    }
    const frozen = level.frozen?.children.get(name);
    if (frozen !== undefined && isFrozenFile(frozen)) return this.#frozenFile(directory, name, frozen);
    let stat: BigIntStats;
    try {
      stat = frozen?.stat ?? lstatSync(absolute, { bigint: true });
    } catch (error) {
      const reason = systemReason(error);
      if (reason.verdict !== 'vanished' || !exclusions.isPassing(directory, name))
        this.#loseFor(path, reason, level.git, null);
      return null;
    }
    this.#options.seen?.saw(stat);
    const type = typeOf(stat);
    const reason = exclusions.reasonFor(directory, name, type, stat);
    if (reason !== null) {
      if (reason === OWN_SNAPSHOT) this.#noticeSnapshots(path);
      this.#leaveOut(path, absolute, type, reason, stat);
      return null;
    }
    if (path === MANIFEST_PATH) {
      this.#judgeManifest(absolute, type, stat);
      return null;
    }
    if (path.length > MAX_PATH_BYTES / 3 && Buffer.byteLength(path) > MAX_PATH_BYTES) {
      this.#report.loss(path, 'unreadable', `its path is longer than ${MAX_PATH_BYTES} bytes`);
      return null;
    }
    const attributes = attributesOf(path, stat);
    if (type === 'directory') {
      this.#visited = stat;
      return { ...attributes, type, mode: this.#safeMode(path, attributes.mode, 0o4000) };
    }
    if (type === 'symlink') return this.#symlink(attributes, absolute, stat);
    attributes.mode = this.#safeMode(path, attributes.mode, 0o6000);
    try {
      return this.#file(attributes, absolute, stat, level, name);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#loseFor(path, readFailure(error), level.git, stat);
      return null;
    }
  }

  #file(
    attributes: Attributes,
    absolute: string,
    stat: BigIntStats,
    { databases, git, frozen }: Level,
    name: string,
  ): CaptureItem | FoundDatabase | null {
    const { path, mode, uid, gid, mtimeNs } = attributes;
    const reason = databases.sideFileReason(name, absolute);
    if (reason !== null) {
      this.#leaveOut(path, absolute, 'file', reason, stat);
      return null;
    }
    const size = Number(stat.size);
    const source = liveSource(absolute, stat, this.#options.mapped?.has(stat, name) ?? false);
    const held = frozen?.children.get(name);
    if (held instanceof HeldFile) source.held = held;
    const isObject = git?.names.isObject(path) ?? false;
    if (stat.nlink > 1n) {
      const link = this.#links.firstPathOf(stat);
      if (link !== null) {
        if (isObject) git?.keep(path);
        if (this.#linkedDatabases.has(link)) databases.addName(name);
        return { path, mode, uid, gid, mtimeNs, type: 'hardlink', link, size, source };
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
      this.#links.keep(path, stat);
      if (item.type === 'database') this.#linkedDatabases.add(path);
    }
    return item;
  }

  #object(attributes: Attributes, source: LiveSource, git: GitScan): CaptureItem | null {
    const { path } = attributes;
    const read = source.held ?? git.readObject(source);
    if (read !== null && 'verdict' in read) {
      this.#loseFor(path, read, git, source.expect);
      return null;
    }
    git.keep(path);
    if (read !== null && 'bytes' in read) {
      return this.#readAhead({ ...attributes, mtimeNs: read.stat.mtimeNs }, read.bytes);
    }
    if (read !== null) source.held = read;
    return { ...attributes, type: 'file', size: source.expect.size, source };
  }

  /** What the user leaves out is not looked at. */
  #exclude({ directory, databases, git }: Level, name: string, reason: string): void {
    const path = directory.path + name;
    this.#report.leftOut({ path, type: directory.typeOf(name), reason });
    databases.exclude(name, reason);
    git?.exclude(path);
  }

  #noticeSnapshots(path: string): void {
    if (this.#sawSnapshot) return;
    this.#sawSnapshot = true;
    this.#report.notice(
      path,
      'snapshots of this state directory lie in it, where this one goes: they are left out; keep them in a folder elsewhere (--to)',
    );
  }

  #frozenFile(directory: ScannedDirectory, name: string, { stat, bytes }: FrozenFile): CaptureItem | null {
    const path = directory.path + name;
    const reason = this.#options.exclusions.reasonFor(directory, name, 'file', stat);
    if (reason !== null) {
      this.#report.leftOut({ path, type: 'file', reason, size: bytes.length });
      return null;
    }
    this.#options.seen?.saw(stat);
    const attributes = attributesOf(path, stat);
    attributes.mode = this.#safeMode(path, attributes.mode, 0o6000);
    return this.#readAhead(attributes, bytes);
  }

  #readAhead(attributes: Attributes, bytes: Buffer): CaptureItem {
    return { ...attributes, type: 'file', size: bytes.length, source: { kind: 'bytes', bytes } };
  }

  #symlink(attributes: Attributes, absolute: string, stat: BigIntStats): CaptureItem | null {
    const { path } = attributes;
    let link: string;
    try {
      const target = readlinkSync(absolute, { encoding: 'buffer' });
      link = target.toString('utf8');
      if (!Buffer.from(link, 'utf8').equals(target)) {
        this.#report.loss(path, 'unreadable', `it points to a name that is not UTF-8: ${escapeBytes(target)}`);
        return null;
      }
    } catch (error) {
      this.#loseFor(path, systemReason(error), null, stat);
      return null;
    }
    if (pointsOutside(path, link)) {
      this.#report.notice(
        path,
        `points to ${link}, outside the state directory: the link is kept, not what it points to`,
      );
    }
    return { ...attributes, type: 'symlink', link };
  }

  #judgeManifest(absolute: string, type: LeftOut['type'], stat: BigIntStats): void {
    if (type === 'file' && this.#holdsManifest(absolute)) {
      this.#leaveOut(MANIFEST_PATH, absolute, type, 'the manifest of a backup that was restored here', stat);
      return;
    }
    throw new BackupError('MANIFEST_NAME_TAKEN', `the state directory holds a "${MANIFEST_PATH}" of its own`, {
      path: absolute,
      hint: `That name belongs to the snapshot: rename it, or leave it out with --exclude /${MANIFEST_PATH}.`,
    });
  }

  #holdsManifest(absolute: string): boolean {
    try {
      return this.#options.isBackupManifest(readFileSync(absolute));
    } catch (error) {
      throw fromSystemError(error, `read ${MANIFEST_PATH} of the state directory`, absolute);
    }
  }

  #leaveOut(path: string, absolute: string, type: LeftOut['type'], reason: string, stat: BigIntStats): void {
    const row: LeftOut = { path, type, reason };
    if (type === 'file') row.size = Number(stat.size);
    else if (type === 'directory' && this.#options.dryRun) row.size = treeSize(absolute);
    this.#report.leftOut(row);
  }

  #safeMode(path: string, mode: number, forbidden: number): number {
    if ((mode & forbidden) === 0) return mode;
    this.#report.notice(path, 'its set-user-id or set-group-id bit is not kept');
    return mode & ~forbidden;
  }

  /** @param file what was seen there, where anything was */
  #loseFor(path: string, { verdict, detail }: SystemReason, git: GitScan | null, file: FileKey | null): void {
    if (verdict === 'vanished' && file !== null) this.#options.seen?.missed(file);
    // Git removes what it has packed; if something needed is nowhere, that will be named.
    if (verdict === 'vanished' && git?.names.isObject(path)) git.lose(path);
    else this.#report.loss(path, verdict, detail);
  }
}

function isStillThere(absolute: string, visited: BigIntStats): boolean {
  // Without the slash at the end, which would follow a link.
  return isSameFile(lstatSync(absolute.slice(0, -1), { bigint: true }), visited);
}

function attributesOf(path: string, stat: BigIntStats): Attributes {
  return {
    path,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
  };
}

function liveSource(absolute: string, stat: BigIntStats, mapped: boolean): LiveSource {
  const { dev, ino, mtimeNs, ctimeNs } = stat;
  return {
    kind: 'live',
    absolute,
    expect: { dev, ino, size: Number(stat.size), mtimeNs, ctimeNs },
    quietDatabase: false,
    mapped,
  };
}

/** Whether a link leads out of the state directory, going by the names alone. */
function pointsOutside(path: string, link: string): boolean {
  if (link.startsWith('/')) return true;
  let depth = path.split('/').length - 1;
  for (const part of link.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}
