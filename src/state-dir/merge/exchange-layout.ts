import { join } from 'node:path';
import { type BytePath, bytePath, joinBytes } from '../../system/byte-path.ts';
import { hiddenKind, NAMES_ON_VOLUME, RESERVED_DIRECTORY } from '../artifact-names.ts';
import type { Location } from '../location.ts';
import type { ExchangeItem } from './exchange-record.ts';

/** Below it, in the directory of a merge, lies what the merge took out, under the paths that it had. */
export const BEFORE = 'before';

/** Bytes of a path as records write them. */
export function pathBytes(path: string): BytePath {
  return Buffer.from(path, 'latin1');
}

/** The directory that holds a path, written as latin1; '' for the top. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Where the things of an exchange lie: in the state directory, and beside it on each volume. */
export class ExchangeLayout {
  readonly #target: BytePath;
  readonly #volumes: readonly string[];
  readonly #location: Location;
  readonly #incoming: string;
  readonly #kept: string;

  /**
   * @param names of the directories at the location that what comes lies in, and that what goes is put into
   * @param volumes as in the record
   */
  constructor(location: Location, names: { incoming: string; kept: string }, volumes: readonly string[]) {
    this.#location = location;
    this.#target = bytePath(location.target);
    this.#incoming = names.incoming;
    this.#kept = names.kept;
    this.#volumes = volumes;
  }

  live(path: string): BytePath {
    return path === '' ? this.#target : joinBytes(this.#target, pathBytes(path));
  }

  /** Where the new file of an item waits. */
  incoming(item: ExchangeItem): BytePath {
    return joinBytes(this.incomingBase(item.volume), pathBytes(item.from ?? (item.in as string)));
  }

  /** Where what an item takes out is kept. */
  kept(item: ExchangeItem): BytePath {
    return joinBytes(this.keptBase(item.volume), pathBytes(item.out as string));
  }

  incomingBase(volume: number): BytePath {
    const directory = this.incomingDirectory(volume);
    return this.#isStaging() ? directory : joinBytes(directory, Buffer.from(BEFORE));
  }

  keptBase(volume: number): BytePath {
    return joinBytes(this.keptDirectory(volume), Buffer.from(BEFORE));
  }

  incomingDirectory(volume: number): BytePath {
    return this.#directory(this.#incoming, volume);
  }

  keptDirectory(volume: number): BytePath {
    return this.#directory(this.#kept, volume);
  }

  /** Where artifacts lie at the top of a volume below the state directory. */
  reserved(volume: number): BytePath {
    return joinBytes(this.live(this.#volumes[volume] as string), Buffer.from(RESERVED_DIRECTORY));
  }

  #isStaging(): boolean {
    return hiddenKind(this.#incoming, this.#location.names) === 'staging';
  }

  #directory(name: string, volume: number): BytePath {
    if (volume === 0) return bytePath(join(this.#location.directory, name));
    return joinBytes(this.reserved(volume), Buffer.from(nameOnVolume(this.#location, name)));
  }
}

/** What a directory at the location is called on a volume. */
export function nameOnVolume({ names }: Location, name: string): string {
  for (const key of ['merged', 'aside', 'hidden'] as const) {
    if (name.startsWith(names[key])) return NAMES_ON_VOLUME[key] + name.slice(names[key].length);
  }
  throw new Error(`unreachable: ${name} is none of ours`);
}
