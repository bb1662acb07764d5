import type { Writable } from 'node:stream';
import * as z from 'zod/mini';
import type { OperationOptions } from '../events.ts';
import { fitsManifest } from '../format/manifest.ts';
import {
  flagSchema,
  folderPath,
  OPERATION_SHAPE,
  oneOfSchema,
  optionsSchema,
  outputSchema,
  parentSchema,
  pathSchema,
  stateDirSchema,
  textSchema,
  textsSchema,
  threadsSchema,
  timeSchema,
  wholeNumberSchema,
} from '../options.ts';
import { LOCK_WAIT_SHAPE, type LockWaitOptions } from '../state-dir/lock/lock-wait.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import type { RangeReader } from '../storage/range-reader.ts';

/** How a snapshot is packed, of whatever directory. All of them may be absent. */
export interface PackingOptions extends OperationOptions, LockWaitOptions {
  /**
   * Replace a file that exists at `output`. Refused (`USAGE`) for object storage, where nothing is ever replaced.
   *
   * @default false
   */
  force?: boolean;
  /**
   * Compression level of zlib, a whole number from 1 (fast) to 9 (small).
   *
   * @default 5 for small files, 3 for large ones; less where more saves next to nothing
   */
  level?: number;
  /**
   * Number of worker threads, from 1 to 1024.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
  /**
   * Patterns of what else is excluded, in the language of `.gitignore`, case-sensitive. A letter is the same in composed and in decomposed form.
   * The manifest records them.
   *
   * @default `[]`
   */
  excludes?: readonly string[];
  /**
   * How databases in use are copied. `node`: by the SQLite of Node, from 22.16 on. `better-sqlite3`: by that package, an optional peer
   * dependency. `raw-copy`: without a library, from the database file and its write-ahead log. `auto`: by the first of these that is available.
   *
   * @default `auto`
   */
  sqlite?: 'auto' | 'node' | 'better-sqlite3' | 'raw-copy';
  /**
   * Name of the machine for the manifest, of 1 to 253 characters. `pruneSnapshots` treats snapshots with different names as different sources:
   * give a name where the host name changes from run to run, as in containers.
   *
   * @default the host name; on macOS the one that does not follow the network
   */
  host?: string;
  /**
   * Path of a directory for temporary files: copies of databases in use, and the index.
   *
   * @default the folder of the output; for a stream and for object storage the system's temporary directory
   */
  scratchDir?: string;
  /**
   * Count the state directory beside the capture, if there is no parent: then progress events have totals, which are estimates. It looks at
   * every directory, and at the sizes of 10,000 files at most.
   *
   * @default false
   */
  countAhead?: boolean;
  /**
   * Make a snapshot also of a state directory without any file. Without it, that is `STATE_DIR_EMPTY`.
   *
   * @default false
   */
  allowEmpty?: boolean;
}

/** How a snapshot is made. All of them may be absent. */
export interface CreateOptions extends PackingOptions {
  /**
   * Version of Oxios for the manifest.
   *
   * @default `OXIOS_VERSION` of the environment, else what `oxios --version` prints, else `unknown`
   */
  oxiosVersion?: string;
  /**
   * Time for the manifest, from 1970 to 2242. The same state at the same time gives the same bytes.
   *
   * @default now
   */
  createdAt?: Date;
  /**
   * An earlier snapshot: its path, its `s3://` URL, or what reads it by ranges. What did not change is copied from it. `null` for none. It
   * changes no byte of the new snapshot, and is not needed to read it.
   *
   * @default the newest intact snapshot of the same source, if `output` is `{ folder }`; else none. In object storage it is
   *   looked for among the ten newest
   */
  parent?: string | RangeReader | null;
  /**
   * Read every file, also those whose inode and times are as they were when the parent was made.
   *
   * @default false; every seventh run reads every file
   */
  rescan?: boolean;
}

const HOST = 'a name of 1 to 253 characters, without control characters';

/** As long as a name in DNS can be, without control characters that a terminal would act on. */
const hostSchema = z
  .string(HOST)
  .check(z.refine((host) => /^[^\p{Cc}\p{Zl}\p{Zp}]{1,253}$/u.test(host) && host.trim() !== '', HOST));

/** Schemas of these options. */
/** A time that the header of a manifest holds. */
const createdAtSchema = timeSchema.check(
  z.refine((time) => fitsManifest(Math.floor(time.getTime() / 1000)), 'a Date from 1970 to 2242'),
);

export const CREATE_SHAPE = {
  ...OPERATION_SHAPE,
  ...LOCK_WAIT_SHAPE,
  force: flagSchema,
  parent: z.nullable(parentSchema),
  rescan: flagSchema,
  allowEmpty: flagSchema,
  countAhead: flagSchema,
  level: wholeNumberSchema(1, 9),
  threads: threadsSchema,
  excludes: textsSchema,
  oxiosVersion: textSchema,
  createdAt: createdAtSchema,
  sqlite: oneOfSchema(['auto', 'node', 'better-sqlite3', 'raw-copy']),
  scratchDir: pathSchema,
  host: hostSchema,
};
export const createOptionsSchema = optionsSchema<CreateOptions>(CREATE_SHAPE);
export const createSnapshotSchema = optionsSchema<CreateSnapshotOptions>(
  { ...CREATE_SHAPE, stateDir: stateDirSchema, output: outputSchema },
  ['stateDir', 'output'],
);

/**
 * Where a snapshot is written to.
 *
 * - A path, a `file:` URL or an `s3://` URL: that of the snapshot.
 * - `{ folder }`, with any of these: the snapshot gets a name of its own in that folder, with the time in UTC:
 *   `oxios-backup-20260703T021500Z-k3fa.tar.gz`.
 * - A stream. It is not ended: end it when `createSnapshot` resolves.
 */
export type CreateOutput = string | URL | { folder: string | URL } | Writable;

/** The same with paths for `file:` URLs. */
export type PlainOutput = string | { folder: string } | Writable;

export function plainOutput(output: CreateOutput): PlainOutput {
  if (typeof output === 'string' || output instanceof URL) return folderPath(output);
  return 'folder' in output ? { folder: folderPath(output.folder) } : output;
}

/** Options of `createSnapshot`. */
export interface CreateSnapshotOptions<Output extends CreateOutput = CreateOutput> extends CreateOptions {
  /** Path or `file:` URL of the state directory, or its `StateStore`. */
  stateDir: string | URL | StateStore;
  /** Where the snapshot is written to: a `CreateOutput`. */
  output: Output;
}
