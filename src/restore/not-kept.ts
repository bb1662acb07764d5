import type { Notice } from '../events.ts';
import { ChangedNames } from '../format/changed-names.ts';
import type { Entry } from '../format/entry.ts';
import type { Manifest } from '../format/manifest.ts';
import { formatPaths } from '../validate/problem.ts';
import type { ExternalLink } from './external-links.ts';

/** Where a snapshot is being restored. */
export interface Surroundings {
  platform: NodeJS.Platform;
  /** Absolute paths of the state directory: the real one, and as it was named. */
  stateDirs: readonly string[];
  /** Effective user and group; null where the platform has none. */
  user: { uid: number; gid: number } | null;
  /** Whether owners are to be restored, by number. */
  sameOwner: boolean;
}

/** Notes what of a snapshot will differ where it is restored. */
export class NotKept {
  readonly #surroundings: Surroundings;
  readonly #changedNames = new ChangedNames();
  #foreign = 0;
  readonly #owners = new Set<string>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Takes each entry that is to be written. */
  see(entry: Entry): void {
    this.#changedNames.add(entry);
    const { uid, gid } = entry;
    const { user } = this.#surroundings;
    if (user === null || (uid === user.uid && gid === user.gid)) return;
    this.#foreign++;
    if (this.#owners.size < MOST_OWNERS) this.#owners.add(`${uid}:${gid}`);
  }

  notices({ source }: Manifest, external: readonly ExternalLink[]): Notice[] {
    const { platform, stateDirs, user, sameOwner } = this.#surroundings;
    const notices: Notice[] = [];
    if (source !== undefined && source.platform !== platform) {
      notices.push({
        message: `it was made on ${source.platform}, this is ${platform}: permissions and names mean what they meant there`,
      });
    }
    if (source !== undefined && !stateDirs.includes(source.state_dir)) {
      notices.push({
        message: `it was made of ${source.state_dir} on ${source.hostname} and goes to ${stateDirs[0]}: absolute paths inside files and links stay as they are`,
      });
    }
    if (!sameOwner && this.#foreign > 0) {
      notices.push({
        message: `${this.#foreign} entries belong to others (${[...this.#owners].join(', ')}): all will belong to ${user?.uid}:${user?.gid}`,
      });
    }
    for (const { paths, message } of this.#changedNames.found())
      notices.push({ message: `${formatPaths(paths)}: ${message}` });
    for (const { path, link } of external)
      notices.push({ path, message: `points out of the state directory, to ${link}` });
    return notices;
  }
}

/** Owners that a notice names. */
const MOST_OWNERS = 5;
