import { hash } from 'node:crypto';
import { BackupError, ERROR_CODES } from '../errors.ts';
import { isIncomplete } from '../format/file-status.ts';
import { MEMBER_HEADER, memberLength } from '../format/gzip-member.ts';
import { parseSeal, SEAL_LENGTH } from '../format/seal.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { notAFolderOfSnapshots } from '../storage/folder/directory-kind.ts';
import { openReader } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { readRange } from '../storage/read-ahead.ts';
import { isDefaultSnapshotName, snapshotNameTime } from '../storage/snapshot-name.ts';
import type { SnapshotStorage, StoredObject } from '../storage/storage.ts';
import { fromSystemError } from '../system-errors.ts';
import type { Problem } from '../validate/problem.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import { noteGrowth, type SnapshotInfo } from './snapshot-info.ts';
import { type RecordKey, readRecords, recordId, type VerificationRecord } from './verification-records.ts';

/** Of a file that cannot be read only the name shows that it may be a snapshot. */
const SNAPSHOT_LIKE = /\.(?:tar\.gz|tgz)$/;

/** Those whose names are of snapshots. */
export function snapshotLike(objects: StoredObject[]): StoredObject[] {
  return objects.filter(({ name }) => SNAPSHOT_LIKE.test(name));
}

/** How many files are looked at side by side: where each look is a request, the answers are waited for together. */
const LOOKS = 8;

/** A snapshot of a folder with what this program needs besides what it says. */
export interface ScannedSnapshot {
  snapshot: SnapshotInfo;
  /** The version that was looked at, to notice that another one has taken its name. */
  version: string;
  /** What a record of it is remembered by; null if it has no seal. */
  recordKey: RecordKey | null;
}

/** Whether a row still is what is at its name, and nobody has written to it. */
export async function isSameVersion(
  storage: SnapshotStorage,
  { snapshot, version }: ScannedSnapshot,
  signal?: AbortSignal,
): Promise<boolean> {
  return (await storage.look(snapshot.name, signal))?.version === version;
}

export interface ScanOptions {
  signal?: AbortSignal | undefined;
  /**
   * Which files are looked at, of those that are not hidden.
   *
   * @default all
   */
  choose?: (objects: StoredObject[]) => StoredObject[];
}

/**
 * Looks at all files of a folder and takes those that are snapshots, by their content. Of each only the two ends are read. What is neither a snapshot nor was
 * meant to be one is passed over: folders, links, hidden files, other archives.
 *
 * @returns oldest first
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder
 */
export async function scanFolder(storage: SnapshotStorage, options: ScanOptions): Promise<ScannedSnapshot[]> {
  const { signal, choose = (objects) => objects } = options;
  const objects: StoredObject[] = [];
  for await (const object of storage.list(signal)) if (!object.name.startsWith('.')) objects.push(object);
  const chosen = choose(objects);
  const records = chosen.length === 0 ? new Map() : await readRecords(storage, signal);
  const rows: ScannedSnapshot[] = [];
  const window = new OrderedWindow(LOOKS);
  for (const object of chosen) {
    throwIfAborted(signal);
    await window.add(lookAt(storage, object, records, signal), (row) => {
      if (row !== null) rows.push(row);
    });
  }
  await window.drain();
  rows.sort(({ snapshot: a }, { snapshot: b }) => a.time.getTime() - b.time.getTime() || (a.name < b.name ? -1 : 1));
  noteGrowth(rows.map(({ snapshot }) => snapshot));
  return rows;
}

/**
 * Looks at the snapshots of a folder one after the other, the newest by its name first, for a caller who needs few of them.
 *
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder
 */
export async function* scanNewestFirst(
  storage: SnapshotStorage,
  { signal }: Pick<ScanOptions, 'signal'>,
): AsyncGenerator<ScannedSnapshot, void, void> {
  const objects: StoredObject[] = [];
  for await (const object of storage.list(signal)) if (!object.name.startsWith('.')) objects.push(object);
  const timeOf = ({ name, modified }: StoredObject): number => (snapshotNameTime(name) ?? modified).getTime();
  const newestFirst = snapshotLike(objects).sort((a, b) => timeOf(b) - timeOf(a) || (a.name < b.name ? 1 : -1));
  const records = newestFirst.length === 0 ? new Map() : await readRecords(storage, signal);
  for (const object of newestFirst) {
    const row = await lookAt(storage, object, records, signal);
    if (row !== null) yield row;
  }
}

/** What to say of a folder without a snapshot, where some should be. */
export function noSnapshots({ isRemote }: SnapshotStorage, directory: string): BackupError {
  const other = isRemote ? null : notAFolderOfSnapshots(directory);
  if (other !== null) return other;
  return new BackupError('SNAPSHOT_MISSING', `there is no snapshot in ${directory}`, {
    path: directory,
    hint: isRemote ? 'Is it the right bucket and prefix?' : 'Is it the right folder, and its disk mounted?',
  });
}

async function lookAt(
  storage: SnapshotStorage,
  listed: StoredObject,
  records: ReadonlyMap<string, VerificationRecord>,
  signal: AbortSignal | undefined,
): Promise<ScannedSnapshot | null> {
  const { name } = listed;
  const path = storage.pathOf(name);
  let source: RangeReader;
  try {
    source = await openReader(await storage.open(name, signal), { signal });
  } catch (error) {
    const problem = problemFrom(error, path);
    // Gone since the folder was listed.
    if (problem.code === 'SNAPSHOT_MISSING' || !SNAPSHOT_LIKE.test(name)) return null;
    return unusable(storage, listed, problem);
  }
  try {
    // What was read counts, and not what was listed.
    const isListed = source.version === listed.version;
    const object = isListed ? listed : ((await storage.look(name, signal)) ?? listed);
    try {
      return await openRow(path, source, object, records);
    } catch (error) {
      const problem = problemFrom(error, path);
      return (await wasMeantAsSnapshot(name, source, problem)) ? unusable(storage, object, problem) : null;
    }
  } finally {
    await source.close();
  }
}

async function openRow(
  path: string,
  source: RangeReader,
  object: StoredObject,
  records: ReadonlyMap<string, VerificationRecord>,
): Promise<ScannedSnapshot> {
  const { manifest, sealed, totals, statuses } = await openSnapshotReader(source);
  const snapshot: SnapshotInfo = {
    name: object.name,
    path,
    length: source.size,
    time: new Date(manifest.created_at),
    state: sealed ? 'sealed' : 'foreign',
    manifest,
    totals,
    incomplete: sealed ? statuses.filter(({ status }) => isIncomplete(status)).length : null,
    problem: null,
    verifiedAt: null,
    quickVerifiedAt: null,
    growth: null,
  };
  const { version } = source;
  if (!sealed || object.version !== version) return { snapshot, version, recordKey: null };
  const seal = hash('sha256', await readRange(source, source.size - SEAL_LENGTH, SEAL_LENGTH), 'hex');
  const recordKey = { seal, length: source.size, version: object.stableVersion };
  const record = records.get(recordId(recordKey));
  if (record !== undefined) applyRecord(snapshot, record);
  return { snapshot, version, recordKey };
}

/** Enters into a snapshot how its last verification ended. */
export function applyRecord(snapshot: SnapshotInfo, { verified_at, quick_at, problem }: VerificationRecord): void {
  snapshot.state = problem === null ? 'sealed' : 'unusable';
  snapshot.verifiedAt = problem === null ? new Date(verified_at) : null;
  snapshot.quickVerifiedAt = problem === null && quick_at !== undefined ? new Date(quick_at) : null;
  snapshot.problem = problem && {
    ...problem,
    message: `${problem.message} (found on ${verified_at})`,
    paths: [snapshot.path],
  };
}

function unusable(storage: SnapshotStorage, object: StoredObject, problem: Problem): ScannedSnapshot {
  const { name, length, version, modified } = object;
  return {
    snapshot: {
      name,
      path: storage.pathOf(name),
      length,
      time: snapshotNameTime(name) ?? modified,
      state: stateOf(problem),
      manifest: null,
      totals: null,
      incomplete: null,
      problem,
      verifiedAt: null,
      quickVerifiedAt: null,
      growth: null,
    },
    version,
    recordKey: null,
  };
}

/** The state of a file by what was wrong when it was looked at. */
export function stateOf({ code }: Problem): 'unusable' | 'unreadable' {
  return ERROR_CODES[code] === 'invalid' ? 'unusable' : 'unreadable';
}

/** A file whose ends cannot be read as a snapshot's: one of ours that is damaged, or somebody else's? */
async function wasMeantAsSnapshot(name: string, source: RangeReader, problem: Problem): Promise<boolean> {
  const { code } = problem;
  if (isDefaultSnapshotName(name)) return true;
  if (stateOf(problem) === 'unreadable') return SNAPSHOT_LIKE.test(name);
  if (code === 'FORMAT_VERSION' || code === 'MANIFEST_VERSION') return true;
  try {
    if (memberLength(await readRange(source, 0, Math.min(MEMBER_HEADER, source.size)), 'M') !== null) return true;
    return (
      source.size >= SEAL_LENGTH && parseSeal(await readRange(source, source.size - SEAL_LENGTH, SEAL_LENGTH)) !== null
    );
  } catch {
    return false;
  }
}

/** An error of reading a file as a problem of this file, whichever it is: one bad file must not hide the others. Faults of this program are thrown on, and so is an abort. */
export function problemFrom(error: unknown, file: string): Problem {
  const isSystemError = (error as NodeJS.ErrnoException | null)?.syscall !== undefined;
  if (!(error instanceof BackupError) && !isSystemError) throw error;
  const { code, message, hint } = fromSystemError(error, 'read the snapshot', file);
  if (code === 'ABORTED') throw error;
  return { code, message, paths: [file], ...(hint === undefined ? {} : { hint }) };
}
