import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import { MANIFEST_PATH, MAX_PATH_BYTES } from '../format/path-rules.ts';
import { isSameFile } from '../system/file-key.ts';
import { fromSystemError, isSystemError } from '../system-errors.ts';
import type { Attributes, CaptureItem } from './capture-item.ts';
import type { CaptureReport } from './capture-report.ts';
import { type DirectoryNames, listDirectory } from './directory-names.ts';
import { attributesOf } from './file-state.ts';
import { GitScan, isGitDirectory } from './git/git-scan.ts';
import { isPreloadedBranch, isPreloadedFile, type PreloadedDirectory } from './git/preloaded-directory.ts';
import { type FileSurroundings, type FoundDatabase, ItemBuilder, type ItemBuilderOptions } from './item-builder.ts';
import { lookAgainFor, readFailure } from './open-regular.ts';
import type { PinnedFile } from './pinned-file.ts';
import { ScanReport } from './scan-report.ts';
import { ScannedDirectory, typeOf } from './scanned-directory.ts';
import { DatabasesOfDirectory } from './sqlite/side-files.ts';
import { assertStrayManifest } from './stray-manifest.ts';
import { type SystemReason, systemReason } from './system-reason.ts';

export interface ScanOptions extends ItemBuilderOptions {
  report: CaptureReport;
  /** Distinguishes a stray manifest of a backup, which is excluded, from a file of the user with that name, which is an error. */
  isBackupManifest: (bytes: Uint8Array) => boolean;
  /** Gets each file that was opened ahead: to be closed when the scan and its consumer are done. */
  onPinned: (held: PinnedFile) => void;
  /** Add up the sizes of excluded directories. */
  dryRun: boolean;
}

/** A directory on the way from the top to where the scan is. */
interface Level extends FileSurroundings {
  directory: ScannedDirectory;
  next: number;
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
      // Listed before it is yielded: a directory that cannot be listed is missing, and then it is no entry.
      const below = scanner.descend(level, levels.length, name, item.path);
      if (below === null) continue;
      levels.push(below);
    }
    yield item;
  }
}

const NOT_UTF8: SystemReason = { status: 'unreadable', detail: 'its name is not UTF-8' };
const TOO_LONG: SystemReason = { status: 'unreadable', detail: `its path is longer than ${MAX_PATH_BYTES} bytes` };

class Scanner {
  readonly #options: ScanOptions;
  readonly #report: ScanReport;
  readonly #items: ItemBuilder;
  /** The directory that was visited last, as it was then. */
  #visited: BigIntStats | null = null;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#report = new ScanReport(options);
    this.#items = new ItemBuilder(options, this.#report);
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
   * @returns null for one that cannot be listed, which is then recorded as missing
   */
  descend(parent: Level, depth: number, name: string, path: string): Level | null {
    const visited = this.#visited;
    const absolute = `${parent.directory.absolute}${name}/`;
    const inside = `${path}/`;
    let { git } = parent;
    try {
      const known = parent.preloaded?.children.get(name);
      let preloaded: PreloadedDirectory | null = known !== undefined && isPreloadedBranch(known) ? known : null;
      if (git?.isPacks(inside)) preloaded = git.preloadPacks();
      let listing = preloaded?.listing ?? listDirectory(absolute);
      if (preloaded === null && this.#isGitDirectory(inside, absolute, listing)) {
        git = new GitScan(inside, absolute, this.#options);
        preloaded = git.preload();
        listing = preloaded.listing ?? listing;
      }
      // What was listed may have been what a link that took its place leads to.
      if (known === undefined && visited !== null && !isStillThere(absolute, visited)) {
        this.#report.lose(path, { status: 'deleted', detail: 'something else took its place' }, git, visited);
        return null;
      }
      if (visited !== null) this.#options.seen?.listed(depth, name, visited);
      return this.#level(inside, absolute, listing, git, preloaded);
    } catch (error) {
      this.#report.lose(path, systemReason(error), git, visited);
      return null;
    }
  }

  #level(
    path: string,
    absolute: string,
    { names, undecodable }: DirectoryNames,
    git: GitScan | null,
    preloaded: PreloadedDirectory | null,
  ): Level {
    const directory = new ScannedDirectory(path, absolute, names, git?.names ?? null);
    for (const { decoded, shown } of undecodable) {
      const pattern = this.#options.exclusions.patternFor(directory, decoded);
      if (pattern === null) this.#report.lose(path + shown, NOT_UTF8, null, null);
      else this.#report.exclude(path + shown, directory.typeOf(decoded), pattern);
    }
    return { directory, next: 0, databases: new DatabasesOfDirectory(names), git, preloaded };
  }

  #isGitDirectory(path: string, absolute: string, { names }: DirectoryNames): boolean {
    // Most are none: no need to make more of them than their names.
    return (
      names.includes('HEAD') &&
      isGitDirectory(new ScannedDirectory(path, absolute, names, null), this.#options.exclusions)
    );
  }

  leave(level: Level): void {
    const { forgotten } = this.#items;
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
      const type = directory.typeOf(name);
      const reason = this.#report.exclude(path, type, pattern);
      if (type !== 'directory') level.databases.exclude(name, reason);
      level.git?.exclude(path);
      return null;
    }
    const preloaded = level.preloaded?.children.get(name);
    if (preloaded !== undefined && isPreloadedFile(preloaded))
      return this.#items.preloadedFile(directory, name, preloaded);
    let stat: BigIntStats;
    try {
      stat = preloaded?.stat ?? lookAt(absolute);
    } catch (error) {
      const reason = systemReason(error);
      if (reason.status !== 'deleted' || !exclusions.isPassing(directory, name))
        this.#report.lose(path, reason, level.git, null);
      return null;
    }
    this.#options.seen?.saw(stat);
    const type = typeOf(stat);
    const reason = exclusions.reasonFor(directory, name, type, stat);
    if (reason !== null) {
      this.#report.excludeByRule(path, absolute, type, reason, stat);
      return null;
    }
    if (path === MANIFEST_PATH) {
      assertStrayManifest(absolute, type, this.#options.isBackupManifest);
      this.#report.excludeByRule(path, absolute, type, 'the manifest of a backup that was restored here', stat);
      return null;
    }
    if (path.length > MAX_PATH_BYTES / 3 && Buffer.byteLength(path) > MAX_PATH_BYTES) {
      this.#report.lose(path, TOO_LONG, null, null);
      return null;
    }
    const { mode, uid, gid, mtimeNs } = attributesOf(stat);
    if (type === 'directory') {
      this.#visited = stat;
      return { path, mode: this.#report.safeMode(path, mode, 0o4000), uid, gid, mtimeNs, type };
    }
    if (type === 'symlink') return this.#items.symlink({ path, mode, uid, gid, mtimeNs }, absolute, stat);
    const attributes: Attributes = { path, mode: this.#report.safeMode(path, mode, 0o6000), uid, gid, mtimeNs };
    try {
      return this.#items.file(attributes, absolute, stat, level, name);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      level.databases.lose(name);
      this.#report.lose(path, readFailure(error), level.git, stat);
      return null;
    }
  }
}

function lookAt(absolute: string): BigIntStats {
  try {
    return lstatSync(absolute, { bigint: true });
  } catch (error) {
    return lookAgainFor(error, () => lstatSync(absolute, { bigint: true }));
  }
}

function isStillThere(absolute: string, visited: BigIntStats): boolean {
  // Without the slash at the end, which would follow a link.
  return isSameFile(lstatSync(absolute.slice(0, -1), { bigint: true }), visited);
}
