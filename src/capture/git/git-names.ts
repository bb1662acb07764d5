/** Six characters that `mkstemp` chose. */
const RANDOM = '[A-Za-z0-9]{6}';

/** Names in the object store that git gives: of objects, packs and what it notes about them, and of directories. */
const OBJECT =
  /^objects\/(?:[0-9a-f]{2}(?:\/(?:[0-9a-f]{38}|[0-9a-f]{62}))?|pack(?:\/(?:pack-[0-9a-f]{40,64}\.[a-z]+|multi-pack-index.*))?|info(?:\/.*)?)$/;

/** What git is writing among its objects. */
const TEMPORARY = new RegExp(
  `^objects/(?:[0-9a-f]{2}/|pack/|info/(?:commit-graphs/)?)?(?:tmp_(?:obj|pack|idx|rev|bitmap|mtimes|midx|graph|layer)_${RANDOM}|\\.tmp-\\d+-pack.*)$`,
);

/** What git is receiving into. */
const RECEIVING = new RegExp(`^objects/(?:tmp_objdir-[a-z-]+|incoming)-${RANDOM}$`);

/** A file that git replaces under a lock, at the top of a repository or of one of its work trees. */
const LOCKED =
  '(?:index|HEAD|[A-Z_]+_HEAD|AUTO_MERGE|MERGE_RR|config(?:\\.worktree)?|packed-refs|shallow|gc\\.pid|next-index-\\d+|index\\.stash\\.\\d+)';

/**
 * Locks: of the files above, of refs and their logs (whose own names cannot end so: git-check-ref-format), and of what
 * git notes about its objects.
 */
const LOCK = new RegExp(
  `^(?:(?:worktrees/[^/]+/)?(?:${LOCKED}|(?:refs|logs)/.+|info/sparse-checkout|reftable/[^/]+)|objects/(?:maintenance|schedule|info/alternates|info/commit-graph|info/commit-graphs/commit-graph-chain|pack/multi-pack-index))\\.lock$`,
);

/** The names that git gives in the directory in which it keeps a repository. */
export class GitNames {
  readonly #path: string;

  /** @param path of the git directory in the snapshot, ending with `/` */
  constructor(path: string) {
    this.#path = path;
  }

  /** Whether a path is that of an object, a pack, what git notes about them, or a directory of these. */
  isObject(path: string): boolean {
    return this.isInObjects(path) && OBJECT.test(path.slice(this.#path.length));
  }

  /** Whether a path lies in the object store. */
  isInObjects(path: string): boolean {
    return path.startsWith('objects/', this.#path.length);
  }

  /** Why a thing is none that git keeps, going by its name; null when it is one, or none of git's. */
  reasonFor(path: string, isDirectory: boolean): string | null {
    const name = path.slice(this.#path.length);
    if (isDirectory) return RECEIVING.test(name) ? 'git was receiving into it' : null;
    if (name.endsWith('.lock') && LOCK.test(name)) return 'a lock of git';
    return this.isInObjects(path) && TEMPORARY.test(name) ? 'git was writing it' : null;
  }
}
