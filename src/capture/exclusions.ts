import type { BigIntStats } from 'node:fs';
import { isOwnArtifact } from '../restore/publish/artifact-names.ts';
import { isTemporaryName } from '../state/temporary-names.ts';
import type { FileKey } from './capture-item.ts';
import type { LeftOut } from './capture-report.ts';
import type { UserExcludes } from './user-excludes.ts';

/** What the rules need to know of a thing before the system is asked about it. */
export interface NamedThing {
  /** Relative to the state directory. */
  path: string;
  name: string;
  /** Inside a git repository's own directory. */
  inGitDir: boolean;
}

/** One kind of thing that is told by its name. */
export interface NameRule {
  reason: string;
  applies: 'file' | 'directory' | 'any';
  matches: (thing: NamedThing) => boolean;
}

const STATE_STORE_TEMPORARY = /^.+\.\d+\.[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\.tmp$/i;
/** Names of what git is writing among its objects. */
export const GIT_TEMPORARY = /^(?:tmp_(?:obj|pack|idx|rev|bitmap|mtimes|midx|graph)_|\.tmp-)/;

/** What is not state, by name. The one table of it; the first rule that matches counts. */
const NAME_RULES: readonly NameRule[] = [
  {
    reason: 'StateStore was writing it',
    applies: 'file',
    matches: ({ name }) => name.endsWith('.tmp') && STATE_STORE_TEMPORARY.test(name),
  },
  {
    reason: 'the folder where Oxios puts its own backups',
    applies: 'directory',
    matches: ({ path }) => path === 'backups',
  },
  {
    reason: 'put there by oxios-backup itself',
    applies: 'any',
    matches: ({ name }) => name.startsWith('.') && (isOwnArtifact(name) || isTemporaryName(name)),
  },
  {
    reason: 'a lock of git',
    applies: 'file',
    matches: ({ name, inGitDir }) => inGitDir && name.endsWith('.lock'),
  },
  {
    reason: 'git was writing it',
    applies: 'file',
    matches: ({ name, path, inGitDir }) => inGitDir && GIT_TEMPORARY.test(name) && path.includes('/objects/'),
  },
  {
    reason: 'git was receiving into it',
    applies: 'directory',
    matches: ({ path, inGitDir }) => inGitDir && /\/objects\/(?:incoming|bulk-fsync|tmp_objdir)-[^/]+$/.test(path),
  },
];

/** Everything that decides what stays out. */
export class Exclusions {
  readonly #user: UserExcludes;
  readonly #own: readonly FileKey[];

  /**
   * @param user the user's patterns
   * @param own the output: the open temporary file, and the file that it will replace
   */
  constructor(user: UserExcludes, own: readonly FileKey[]) {
    this.#user = user;
    this.#own = own;
  }

  /** The rule that a name falls under, should the thing be of the kind that the rule is for. */
  ruleFor(thing: NamedThing): NameRule | null {
    for (const rule of NAME_RULES) if (rule.matches(thing)) return rule;
    return null;
  }

  /** Why a thing stays out, now that the system has told what it is; null when it does not. */
  reasonFor(path: string, type: LeftOut['type'], key: FileKey, rule: NameRule | null): string | null {
    if (type === 'socket') return 'a socket';
    if (type === 'fifo') return 'a FIFO';
    if (type === 'device') return 'a device';
    if (rule !== null && (rule.applies === type || rule.applies === 'any')) return rule.reason;
    if (type === 'file') {
      for (const own of this.#own) if (key.ino === own.ino && key.dev === own.dev) return 'the snapshot itself';
    }
    const pattern = this.#user(path, type === 'directory');
    return pattern === null ? null : `--exclude ${pattern}`;
  }
}

/** What a thing is, for the rules. */
export function typeOf(stat: BigIntStats): LeftOut['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isSocket()) return 'socket';
  return stat.isFIFO() ? 'fifo' : 'device';
}
