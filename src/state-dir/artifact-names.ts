import { createHash } from 'node:crypto';

/**
 * Names of what this tool puts down around a state directory. Pure.
 *
 * Beside an ordinary state directory `workspace`: `.workspace.oxios-backup.lock-…`, `.journal`, `.history`, `.staging-…`, `.trash-…`,
 * and what is for people: `workspace.replaced-YYYYMMDD_HHMMSS` (a whole tree), `workspace.merged-…` (what a merge took out of the
 * state directory) and `workspace.aside-…`. Where nothing can lie beside it (a mount point, a parent that is not ours) the same lies
 * inside it, below the one name `.oxios-backup`. At the top of a volume mounted below the state directory that name holds the
 * staging and merged directories of the paths on that volume.
 */
export const RESERVED_DIRECTORY = '.oxios-backup';

/** How the artifacts of one state directory are named in the directory that holds them. */
export interface ArtifactNames {
  /** Before `lock-…`, `journal`, `history`, `staging-…`, `trash-…`. */
  readonly hidden: string;
  /** Before the stamp of a tree that a restore replaced. */
  readonly replaced: string;
  /** Before the stamp of what a merge took out. */
  readonly merged: string;
  /** Before the stamp of something that was in the way of a recovery. */
  readonly aside: string;
}

export const NAMES_INSIDE: ArtifactNames = {
  hidden: '',
  replaced: 'replaced-',
  merged: 'merged-',
  aside: 'aside-',
};

/** Below the same name at the top of a volume that is mounted below the state directory; it may be a state directory of its own. */
export const NAMES_ON_VOLUME: ArtifactNames = {
  hidden: 'outer-',
  replaced: 'outer-replaced-',
  merged: 'outer-merged-',
  aside: 'outer-aside-',
};

/** Leaves room for the longest suffix in the 255 bytes of a file name. */
const LONGEST_BASE_BYTES = 200;

/** The names of what lies beside the state directory called `name`. */
export function namesBeside(name: string): ArtifactNames {
  const base =
    Buffer.byteLength(name) <= LONGEST_BASE_BYTES ? name : createHash('sha256').update(name).digest('hex').slice(0, 32);
  return {
    hidden: `.${base}.oxios-backup.`,
    replaced: `${base}.replaced-`,
    merged: `${base}.merged-`,
    aside: `${base}.aside-`,
  };
}

export type HiddenKind =
  | 'lock'
  | 'lock-temporary'
  | 'journal'
  | 'journal-temporary'
  | 'history'
  | 'history-temporary'
  | 'staging'
  | 'trash';

const HIDDEN_KINDS: [HiddenKind, RegExp][] = [
  ['lock', /^lock-[0-9a-f]{16}$/],
  ['lock-temporary', /^lock-[0-9a-f]{16}\.tmp$/],
  ['journal', /^journal$/],
  ['journal-temporary', /^journal\.tmp$/],
  ['history', /^history$/],
  ['history-temporary', /^history\.tmp$/],
  ['staging', /^staging-[0-9a-f]{16}$/],
  ['trash', /^trash-[0-9a-f]{16}$/],
];

/** What the artifact `name` is, or null if it is none of those with `names`. */
export function hiddenKind(name: string, names: ArtifactNames): HiddenKind | null {
  if (!name.startsWith(names.hidden)) return null;
  const rest = name.slice(names.hidden.length);
  return HIDDEN_KINDS.find(([, pattern]) => pattern.test(rest))?.[0] ?? null;
}

/** When something was replaced: whole seconds UTC, and a number that distinguishes several of one second. */
export interface Stamp {
  text: string;
  serial: number;
}

/** The stamp in the name of a previous state directory, or null if `name` does not begin with `prefix` and end in one. */
export function parseStamp(name: string, prefix: string): Stamp | null {
  const match = name.startsWith(prefix) ? /^(\d{8}_\d{6})(?:-([1-9]\d{0,8}))?$/.exec(name.slice(prefix.length)) : null;
  return match?.[1] === undefined ? null : { text: match[1], serial: Number(match[2] ?? 0) };
}

/** Orders stamps, the older one first. */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a.text !== b.text) return a.text < b.text ? -1 : 1;
  return a.serial - b.serial;
}

/** The moment of a stamp. */
export function stampDate(stamp: Stamp): Date {
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)_(..)(..)(..)$/.exec(stamp.text) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The text of a stamp that sorts after every one in `taken`, also after the clock was set back. */
export function nextStamp(taken: readonly Stamp[], now: Date): string {
  const text = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
  const newest = [...taken].sort(compareStamps).at(-1);
  if (newest === undefined || newest.text < text) return text;
  return `${newest.text}-${newest.serial + 1}`;
}

const HIDDEN_BESIDE =
  /^\.(.+)\.oxios-backup\.(?:lock-[0-9a-f]{16}(?:\.tmp)?|(?:journal|history)(?:\.tmp)?|((?:staging|trash)-[0-9a-f]{16}))$/;

/** The state directory beside which something of this name is put down, and what that is then; null for other names. */
export function ownArtifactBeside(name: string): { stateDirName: string; type: 'file' | 'directory' } | null {
  const match = HIDDEN_BESIDE.exec(name);
  return match?.[1] === undefined
    ? null
    : { stateDirName: match[1], type: match[2] === undefined ? 'file' : 'directory' };
}

/** Whether a name is one of those that lie below the reserved name at the top of a volume. */
export function isOnVolume(name: string): boolean {
  const { hidden, merged, aside } = NAMES_ON_VOLUME;
  const kind = hiddenKind(name, NAMES_ON_VOLUME);
  if (name.startsWith(hidden) && (kind === 'staging' || kind === 'trash')) return true;
  return [merged, aside].some((prefix) => parseStamp(name, prefix) !== null);
}

/**
 * Whether `name`, one component of a path, is something that this tool put there and that belongs in no snapshot: the reserved
 * directory inside a state directory, or what lies beside one. Trees kept for people count only where `stateDirName`, the
 * name of the state directory that they lie beside, is given: elsewhere such a name may be the user's own.
 */
export function isOwnArtifact(name: string, stateDirName?: string): boolean {
  if (name === RESERVED_DIRECTORY || HIDDEN_BESIDE.test(name)) return true;
  if (stateDirName === undefined) return false;
  const names = namesBeside(stateDirName);
  return [names.replaced, names.merged, names.aside].some((prefix) => parseStamp(name, prefix) !== null);
}
