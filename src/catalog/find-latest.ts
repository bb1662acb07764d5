import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import {
  checkOptions,
  type FolderOption,
  flagSchema,
  folderPath,
  folderSchema,
  optionsSchema,
  pathSchema,
  textSchema,
  timeSchema,
} from '../options.ts';
import { storedPath } from '../state-dir/stored-path.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { SnapshotStorage } from '../storage/storage.ts';
import { stableHostName } from '../system/host-name.ts';
import { COMPLETE_VERIFY_SHAPE, type CompleteVerifyOptions } from '../verify/verify-snapshot.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { untouchedReason } from './prune-plan.ts';
import { noSnapshots, problemFrom, type ScannedSnapshot, scanFolder } from './scan-folder.ts';
import { type SnapshotInfo, type StateSource, sourceKey, sourceOf } from './snapshot-info.ts';
import { verifyAndRecord } from './verify-and-record.ts';

/** Options of `findLatest`. */
export interface FindLatestOptions extends FolderOption, CompleteVerifyOptions {
  /**
   * The source of the snapshot: absolute path of its state directory, and name of its machine, by default this one; then the path may
   * be spelled in any way that finds the directory.
   */
  source: { hostname?: string; stateDir: string };
  /**
   * Take only snapshots that were made before this time.
   *
   * @default no limit
   */
  before?: Date;
  /**
   * Take only snapshots that `verifyFolder` has verified before, and do not read them again.
   *
   * @default false
   */
  verified?: boolean;
}

/** The snapshot that was found, and the newer ones of the same source that were not taken. */
export interface LatestSnapshot {
  /** The snapshot; its `path` is what `restoreSnapshot` takes. */
  snapshot: SnapshotInfo;
  /** Newer snapshots of the same source that were not taken, newest first. */
  passedOver: PassedOver[];
}

/** A snapshot that `findLatest` did not take. */
export interface PassedOver {
  /** File name. */
  name: string;
  /** Why it was not taken, in a few words. */
  reason: string;
}

const sourceSchema = z.object({ hostname: z.optional(textSchema), stateDir: pathSchema }, 'an object with a stateDir');
const optionsOfFind = optionsSchema<FindLatestOptions>(
  { ...COMPLETE_VERIFY_SHAPE, folder: folderSchema, source: sourceSchema, before: timeSchema, verified: flagSchema },
  ['folder', 'source'],
);

/**
 * Finds the newest snapshot of a source that is complete and verifies. Candidates are verified completely, the newest first, until one is
 * valid. The results are recorded, as by `verifyFolder`. Foreign archives are never taken.
 *
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder, or no such snapshot in it; its message says what was not taken
 */
export async function findLatest(options: FindLatestOptions): Promise<LatestSnapshot> {
  checkOptions(optionsOfFind, options);
  const { folder, source, before, verified = false, ...verifyOptions } = options;
  const directory = folderPath(folder);
  const storage = await openStorage(directory);
  const rows = await scanFolder(storage, options);
  if (rows.length === 0) throw noSnapshots(storage, directory);
  const { hostname, stateDir } = source;
  const from =
    hostname === undefined ? { hostname: stableHostName(), stateDir: storedPath(stateDir) } : { hostname, stateDir };
  const wanted = sourceKey(from);
  const passedOver: PassedOver[] = [];
  const now = new Date();
  for (const row of rows.toReversed()) {
    throwIfAborted(options.signal);
    const { snapshot } = row;
    // Of one whose manifest cannot be read nobody knows the source: it may be the one that was wanted.
    if (snapshot.manifest !== null && sourceKey(sourceOf(snapshot.manifest)) !== wanted) continue;
    if (before !== undefined && snapshot.time >= before) continue;
    const reason =
      reasonAgainst(row, now, verified) ?? (verified ? null : await verifyCandidate(storage, row, rows, verifyOptions));
    if (reason === null) return { snapshot, passedOver };
    passedOver.push({ name: snapshot.name, reason });
  }
  throw notFound(storage.location, from, rows, passedOver);
}

function reasonAgainst(row: ScannedSnapshot, now: Date, verified: boolean): string | null {
  const { snapshot } = row;
  const reason = untouchedReason(row, now);
  if (reason !== null) return snapshot.problem === null ? reason : `${reason}: ${snapshot.problem.message}`;
  const { incomplete } = snapshot;
  if (incomplete !== null && incomplete > 0) return `not complete: ${incomplete} missing or inconsistent`;
  return verified && snapshot.verifiedAt === null ? 'not verified yet' : null;
}

async function verifyCandidate(
  storage: SnapshotStorage,
  row: ScannedSnapshot,
  rows: readonly ScannedSnapshot[],
  options: CompleteVerifyOptions,
): Promise<string | null> {
  options.onEvent?.({ type: 'snapshot', path: row.snapshot.path });
  try {
    const { problems } = await verifyAndRecord(storage, row, rows, true, options);
    const [problem] = problems;
    return problem === undefined ? null : `not valid: ${problem.message}`;
  } catch (error) {
    if (error instanceof BackupError && error.code === 'ABORTED') throw error;
    return `could not be read: ${problemFrom(error, row.snapshot.path).message}`;
  }
}

function notFound(
  directory: string,
  { hostname, stateDir }: StateSource,
  rows: readonly ScannedSnapshot[],
  passedOver: readonly PassedOver[],
): BackupError {
  const why = passedOver.map(({ name, reason }) => `; ${name} is ${reason}`).join('');
  const others = new Set(
    rows.flatMap(({ snapshot }) => {
      const source = sourceOf(snapshot.manifest);
      return source === null ? [] : [`${source.hostname}:${source.stateDir}`];
    }),
  );
  others.delete(`${hostname}:${stateDir}`);
  const sources = [...others].join(', ');
  return new BackupError(
    'SNAPSHOT_MISSING',
    `no snapshot of ${hostname}:${stateDir} in ${directory} can be taken${why}`,
    {
      path: directory,
      hint:
        sources === ''
          ? 'See what is there with `listSnapshots()`.'
          : `There are snapshots of ${sources}; name that source to take one of them (\`source\`).`,
    },
  );
}
