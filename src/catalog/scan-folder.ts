import { hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BackupError, ERROR_CODES, fromSystemError } from '../errors.ts';
import { isIncomplete } from '../format/file-status.ts';
import { MEMBER_HEADER, memberLength } from '../format/gzip-member.ts';
import { parseSeal, SEAL_LENGTH } from '../format/seal.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import type { Problem } from '../read/problem.ts';
import { openReader } from '../storage/open-reader.ts';
import { readRange } from '../storage/read-ahead.ts';
import { isDefaultSnapshotName, snapshotNameTime } from '../storage/snapshot-name.ts';
import type { RangeReader } from '../storage/storage.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { noteGrowth, type SnapshotInfo } from './snapshot-info.ts';
import { type RecordKey, readRecords, recordId, type VerificationRecord } from './verification-records.ts';

/** Of a file that cannot be read only the name can tell that it may be a snapshot. */
export const SNAPSHOT_LIKE = /\.(?:tar\.gz|tgz)$/;

/** The file behind a row, to notice that another one has taken its name. */
export type FileIdentity = Pick<fs.BigIntStats, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** A snapshot of a folder with what this program needs besides what it tells. */
export interface ScannedSnapshot {
  snapshot: SnapshotInfo;
  identity: FileIdentity;
  /** What a record of it is remembered by; null if it has no seal. */
  recordKey: RecordKey | null;
}

/** Whether the file is still the one that was looked at, and nobody has written to it. */
export function isSameFile(file: string, identity: FileIdentity): boolean {
  const now = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return (
    now !== undefined &&
    now.ino === identity.ino &&
    now.size === identity.size &&
    now.mtimeNs === identity.mtimeNs &&
    now.ctimeNs === identity.ctimeNs
  );
}

/**
 * Looks at all files of a folder and takes those that are snapshots, by their content. Of each only the two ends are read. What is neither a snapshot nor was
 * meant to be one is passed over: folders, links, hidden files, other archives.
 *
 * @param wants tells by its name whether a file is to be looked at
 * @returns oldest first
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder
 */
export async function scanFolder(
  directory: string,
  signal: AbortSignal | undefined,
  wants: (name: string) => boolean = () => true,
): Promise<ScannedSnapshot[]> {
  const records = readRecords(directory);
  const rows: ScannedSnapshot[] = [];
  for (const name of fileNames(directory).filter(wants)) {
    throwIfAborted(signal);
    const row = await lookAt(directory, name, records);
    if (row !== null) rows.push(row);
  }
  rows.sort(({ snapshot: a }, { snapshot: b }) => a.time.getTime() - b.time.getTime() || (a.name < b.name ? -1 : 1));
  noteGrowth(rows.map(({ snapshot }) => snapshot));
  return rows;
}

function fileNames(directory: string): string[] {
  try {
    return fs
      .readdirSync(directory, { withFileTypes: true })
      .filter((child) => child.isFile() && !child.name.startsWith('.'))
      .map((child) => child.name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw fromSystemError(error, 'read the folder of snapshots', directory);
    const what = code === 'ENOENT' ? `there is no folder ${directory}` : `${directory} is not a folder`;
    throw new BackupError('SNAPSHOT_MISSING', what, {
      path: directory,
      hint: 'Name the folder that holds the snapshots.',
      cause: error,
    });
  }
}

/** What to say of a folder without a snapshot, where some should be. */
export function noSnapshots(directory: string): BackupError {
  return new BackupError('SNAPSHOT_MISSING', `there is no snapshot in ${directory}`, {
    path: directory,
    hint: 'Is it the right folder, and its disk mounted?',
  });
}

async function lookAt(
  directory: string,
  name: string,
  records: ReadonlyMap<string, VerificationRecord>,
): Promise<ScannedSnapshot | null> {
  const file = path.join(directory, name);
  let source: RangeReader;
  try {
    source = await openReader(file);
  } catch (error) {
    // Gone since the folder was listed.
    const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || !SNAPSHOT_LIKE.test(name)) return null;
    return unusable(file, stat, problemFrom(error, file));
  }
  try {
    const stat = fs.fstatSync(source.descriptor as number, { bigint: true });
    try {
      return await openRow(file, source, stat, records);
    } catch (error) {
      const problem = problemFrom(error, file);
      return (await wasMeantAsSnapshot(name, source, problem)) ? unusable(file, stat, problem) : null;
    }
  } finally {
    await source.close();
  }
}

async function openRow(
  file: string,
  source: RangeReader,
  stat: fs.BigIntStats,
  records: ReadonlyMap<string, VerificationRecord>,
): Promise<ScannedSnapshot> {
  const { manifest, sealed, totals, statuses } = await openSnapshotReader(source);
  const snapshot: SnapshotInfo = {
    name: path.basename(file),
    path: file,
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
  if (!sealed) return { snapshot, identity: stat, recordKey: null };
  const seal = hash('sha256', await readRange(source, source.size - SEAL_LENGTH, SEAL_LENGTH), 'hex');
  const recordKey = { seal, length: source.size, mtime_ns: String(stat.mtimeNs), ctime_ns: String(stat.ctimeNs) };
  const record = records.get(recordId(recordKey));
  if (record !== undefined) applyRecord(snapshot, record);
  return { snapshot, identity: stat, recordKey };
}

/** Tells in a snapshot how its last verification ended. */
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

function unusable(file: string, stat: fs.BigIntStats, problem: Problem): ScannedSnapshot {
  return {
    snapshot: {
      name: path.basename(file),
      path: file,
      length: Number(stat.size),
      time: snapshotNameTime(path.basename(file)) ?? new Date(Number(stat.mtimeMs)),
      state: stateOf(problem),
      manifest: null,
      totals: null,
      incomplete: null,
      problem,
      verifiedAt: null,
      quickVerifiedAt: null,
      growth: null,
    },
    identity: stat,
    recordKey: null,
  };
}

/** The state of a file by what was wrong when it was looked at. */
export function stateOf({ code }: Problem): 'unusable' | 'unreadable' {
  return ERROR_CODES[code] === 4 ? 'unusable' : 'unreadable';
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

/** An error of reading a file as a problem of this file, whichever it is: one bad file must not hide the others. Faults of this program are thrown on. */
export function problemFrom(error: unknown, file: string): Problem {
  const isSystemError = (error as NodeJS.ErrnoException | null)?.syscall !== undefined;
  if (!(error instanceof BackupError) && !isSystemError) throw error;
  const { code, message, hint } = fromSystemError(error, 'read the snapshot', file);
  return { code, message, paths: [file], ...(hint === undefined ? {} : { hint }) };
}
