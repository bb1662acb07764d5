import type { Writable } from 'node:stream';
import * as z from 'zod/mini';
import type { OperationOptions } from '../events.ts';
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
import type { StateStore } from '../state-dir/state-store.ts';
import type { RangeReader } from '../storage/storage.ts';

export interface CreateOptions extends OperationOptions {
  /**
   * Replace a file that stands at `output`.
   *
   * @default false
   */
  force?: boolean;
  /**
   * Compression level of zlib, 1 (fast) to 9 (small).
   *
   * @default 5 for small files, 3 for large ones
   */
  level?: number;
  /**
   * Worker threads.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
  /**
   * What else is excluded, in gitignore's language; recorded in the manifest.
   *
   * @default []
   */
  excludes?: readonly string[];
  /**
   * Version of Oxios for the manifest.
   *
   * @default OXIOS_VERSION of the environment, else what `oxios --version` says, else "unknown"
   */
  oxiosVersion?: string;
  /**
   * Time for the manifest. The same state at the same time gives the same bytes.
   *
   * @default now
   */
  createdAt?: Date;
  /**
   * How databases in use are copied: by SQLite as Node has it (`node`, from 22.16 on), as the optional peer dependency `better-sqlite3` has it, or
   * without a library, from the database file and its write-ahead log (`raw-copy`). `auto` takes the first of them that is there.
   *
   * @default 'auto'
   */
  sqlite?: 'auto' | 'node' | 'better-sqlite3' | 'raw-copy';
  /**
   * Name of the machine for the manifest. Snapshots of one state directory with different names are of different sources to `prune`: where
   * the name changes from run to run, as in containers, give one.
   *
   * @default the host name; on macOS the one that does not follow the network
   */
  host?: string;
  /**
   * Directory for copies of databases and the index while the snapshot is being made.
   *
   * @default the folder of the output; for a stream the system's temporary directory
   */
  scratchDir?: string;
  /**
   * An earlier snapshot, from which is copied what did not change: path, `s3://` URL, or what reads it by ranges. Null for none. It changes no byte
   * of what is made, and is not needed to read it.
   *
   * @default the newest intact snapshot of the same source, where the output is a local folder; else none
   */
  parent?: string | RangeReader | null;
  /**
   * Read every file, also those whose inode and times are as when the parent was made.
   *
   * @default false; every seventh run does
   */
  rescan?: boolean;
  /**
   * Make a snapshot also when there is no file in the state directory.
   *
   * @default false
   */
  allowEmpty?: boolean;
}

const HOST = 'a name of 1 to 253 characters, without control characters';

/** As long as DNS lets a name be, and nothing that a terminal would obey. */
const hostSchema = z
  .string(HOST)
  .check(z.refine((host) => /^[^\p{Cc}\p{Zl}\p{Zp}]{1,253}$/u.test(host) && host.trim() !== '', HOST));

/** Schemas of these options. */
export const CREATE_SHAPE = {
  ...OPERATION_SHAPE,
  force: flagSchema,
  parent: z.nullable(parentSchema),
  rescan: flagSchema,
  allowEmpty: flagSchema,
  level: wholeNumberSchema(1, 9),
  threads: threadsSchema,
  excludes: textsSchema,
  oxiosVersion: textSchema,
  createdAt: timeSchema,
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
 * Where a snapshot goes: the path of the file, or its `s3://` URL; a folder, in which it gets a name that tells the time and that no other file has
 * (`defaultSnapshotName`); or a stream, which is left open: end it when `createSnapshot` resolves.
 */
export type CreateOutput = string | URL | { folder: string | URL } | Writable;

/** The same with paths for `file:` URLs. */
export type PlainOutput = string | { folder: string } | Writable;

export function plainOutput(output: CreateOutput): PlainOutput {
  if (typeof output === 'string' || output instanceof URL) return folderPath(output);
  return 'folder' in output ? { folder: folderPath(output.folder) } : output;
}

/** A snapshot to be made, with what it is of and where it goes. */
export interface CreateSnapshotOptions extends CreateOptions {
  /** The state directory. */
  stateDir: string | URL | StateStore;
  output: CreateOutput;
}
