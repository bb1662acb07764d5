import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { BackupError } from '../../errors.ts';
import type { BytePath } from '../../system/byte-path.ts';
import { mountPointsBelow } from '../../system/mount-points.ts';
import { hintFor, immutable, isImmutable } from '../../system/remove-tree.ts';
import type { Location } from '../location.ts';

/** What can be moved, and what has to be done for it; known before the first thing moves. */
export class MoveChecks {
  readonly #mounts: readonly string[];
  readonly #user: number | undefined = process.geteuid?.();

  constructor({ target }: Location) {
    this.#mounts = mountPointsBelow(realpathSync.native(target));
  }

  /** Whether a directory is the top of a volume: other than the directory that holds it, or mounted there by itself. */
  isVolume(path: BytePath, device: number, deviceAbove: number): boolean {
    return device !== deviceAbove || this.#mounts.includes(path.toString());
  }

  /**
   * The mode to give back to what had to be made writable for its move; null where nothing has to be done. The `..` of a directory
   * changes with the move, which the system takes for a change to the directory itself.
   *
   * @throws `IO` where something is mounted at it or below it; `PERMISSION` where it is immutable, or cannot be made writable
   */
  modeForMove(path: BytePath, stats: Stats, deviceAbove: number): number | null {
    const text = path.toString();
    const mounted = this.#mounts.find((mount) => mount === text || mount.startsWith(`${text}/`));
    if (mounted !== undefined || (stats.isDirectory() && stats.dev !== deviceAbove)) {
      throw new BackupError('IO', `something is mounted at ${mounted ?? text}, so it cannot be exchanged`, {
        path: text,
        hint: 'Unmount it, or exclude it by a pattern in `paths`: "!…".',
      });
    }
    if (isImmutable(path, stats)) {
      const obstacle = immutable(text);
      throw new BackupError('PERMISSION', `${obstacle.reason}, so it cannot be exchanged`, {
        path: text,
        hint: hintFor(obstacle),
      });
    }
    const mode = stats.mode & 0o7777;
    if (!stats.isDirectory() || this.#user === 0 || this.#user === undefined || (mode & 0o200) !== 0) return null;
    if (this.ownsWith(stats)) return mode;
    throw new BackupError(
      'PERMISSION',
      `${text} belongs to another user and may not be written to, so it cannot be moved`,
      {
        path: text,
        hint: 'Run it as the owner of that path, or change its permissions.',
      },
    );
  }

  /** Whether this user may set mode and times of what belongs to `uid`. */
  ownsWith({ uid }: { uid: number }): boolean {
    return this.#user === undefined || this.#user === 0 || this.#user === uid;
  }
}

export function statsAt(path: BytePath): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
