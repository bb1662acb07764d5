import path from 'node:path';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import { MEMBER_HEADER } from '../format/gzip-member.ts';
import type { Manifest } from '../format/manifest.ts';
import { comparePaths } from '../format/path-order.ts';
import { checkOptions, locationSchema, OPERATION_SHAPE, optionsSchema, snapshotSchema, toPath } from '../options.ts';
import { openSnapshot } from '../read/open-snapshot.ts';
import { syncTree } from '../state-dir/staging/sync-tree.ts';
import { openInPlace, openReader, type SnapshotOption } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { readRange } from '../storage/read-ahead.ts';
import { reportUnheldTimes } from '../system/entry-time.ts';
import { type Problem, problemError, problemOf } from '../validate/problem.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { reportCopies } from './hard-links.ts';
import { probeNameFolding } from './name-collisions.ts';
import { findIndex } from './salvage/find-index.ts';
import { SalvageFolder } from './salvage/salvage-folder.ts';
import { type Salvage, salvageByIndex, salvageByMembers } from './salvage/salvage-sealed.ts';
import { salvageTar } from './salvage/salvage-tar.ts';
import { type LostEntry, SalvageWriter } from './salvage/salvage-writer.ts';
import { probeAbilities, reportAbilities } from './target-abilities.ts';

/** Options of `salvageSnapshot`. */
export interface SalvageOptions extends SnapshotOption, OperationOptions {
  /** Path or `file:` URL of the folder to extract to. It must be empty, or missing. */
  directory: string | URL;
  /**
   * The state directory. If given, a `directory` that is it or lies in it is refused.
   *
   * @default none
   */
  stateDir?: string | URL;
}

const salvageOptionsSchema = optionsSchema<SalvageOptions>(
  { ...OPERATION_SHAPE, snapshot: snapshotSchema, directory: locationSchema, stateDir: locationSchema },
  ['snapshot', 'directory'],
);

/** What was extracted from a damaged snapshot. */
export interface SalvageResult {
  /** Path of the folder that was filled, symbolic links resolved. */
  directory: string;
  /** The manifest, if it can be read. */
  manifest: Manifest | null;
  /** How the entries were found: by the index, by the members one after the other, or by reading all of it as a plain tar. */
  foundBy: 'index' | 'members' | 'tar';
  /** What was extracted; `bytes` of contents, uncompressed. */
  extracted: { entries: number; files: number; bytes: number };
  /** Paths of entries that were extracted without a SHA-256 to verify them by; only the checksums of gzip and tar hold. */
  unverified: string[];
  /** Entries that could not be extracted, ordered by path. */
  lost: LostEntry[];
  /**
   * How many more entries are lost whose names are lost, too. Where only the manifest counts them: how many files. Null if not known.
   */
  unnamed: number | null;
  /** What is wrong with the snapshot. */
  problems: Problem[];
  /** Whether every entry was extracted and verified. */
  complete: boolean;
}

/**
 * Extracts every entry of a damaged snapshot that still verifies, into an empty folder. Look through it by hand: it is not a state directory
 * that Oxios may run on. On failure the folder is as it was.
 *
 * @returns what was extracted and what is lost; look at `complete`
 * @throws BackupError `TARGET_NOT_EMPTY`, `USAGE`, `ABORTED`, an error of reading or writing, or why the snapshot is not valid if nothing at all
 *   could be extracted
 */
export async function salvageSnapshot(options: SalvageOptions): Promise<SalvageResult> {
  checkOptions(salvageOptionsSchema, options);
  const directory = toPath(options.directory);
  throwIfAborted(options.signal);
  // Before anything about the folder. What comes through a pipe is spooled beside that.
  const inPlace = await openInPlace(options.snapshot, options);
  try {
    const folder = await SalvageFolder.open(
      directory,
      options.stateDir === undefined ? undefined : toPath(options.stateDir),
      options.onEvent,
    );
    try {
      if (inPlace !== null) return await salvageInto(folder, inPlace, options);
      const spooled = await openReader(options.snapshot, {
        spoolDir: path.dirname(folder.directory),
        signal: options.signal,
      });
      try {
        return await salvageInto(folder, spooled, options);
      } finally {
        await spooled.close();
      }
    } catch (error) {
      await folder.discard(options.onEvent);
      throw error;
    } finally {
      folder.release();
    }
  } finally {
    await inPlace?.close();
  }
}

async function salvageInto(
  folder: SalvageFolder,
  source: RangeReader,
  options: SalvageOptions,
): Promise<SalvageResult> {
  const { signal, onEvent } = options;
  const abilities = probeAbilities(folder.tree);
  const { modes, holes } = abilities;
  const treeOptions = { root: folder.tree, umask: process.umask(), sameOwner: false, modes, holes };
  const writer = new SalvageWriter(treeOptions, probeNameFolding(folder.tree));
  const problems: Problem[] = [];
  onEvent?.({ type: 'phase', phase: 'extract' });
  let outcome: Pick<SalvageResult, 'manifest' | 'foundBy' | 'unnamed'>;
  try {
    outcome = await extract({ ...options, source, writer, problems });
  } finally {
    writer.close();
  }
  const tree = writer.finish(abilities);
  if (writer.entries === 0) throw nothing(problems);
  throwIfAborted(signal);
  onEvent?.({ type: 'phase', phase: 'commit' });
  folder.commit();
  reportCopies(await writer.complete(tree, folder.directory, signal), options);
  reportUnheldTimes(tree.unheldTimes, options);
  reportAbilities(abilities, options);
  onEvent?.({ type: 'phase', phase: 'sync' });
  await syncTree(folder.directory, options);
  const { unverified } = writer;
  const lost = writer.lost.sort((a, b) => comparePaths(a.path, b.path));
  return {
    directory: folder.directory,
    ...outcome,
    extracted: { entries: writer.entries, files: writer.files, bytes: writer.bytes },
    unverified,
    lost,
    // Without their hints, which advise what is being done here.
    problems: problems.map(({ hint: _, ...problem }) => problem),
    complete: lost.length === 0 && unverified.length === 0 && outcome.unnamed === 0,
  };
}

async function extract(salvage: Salvage): Promise<Pick<SalvageResult, 'manifest' | 'foundBy' | 'unnamed'>> {
  const { source, writer, problems } = salvage;
  await nameDamage(source, problems);
  const found = await findIndex(source, problems);
  if (found !== null) {
    return { foundBy: 'index', unnamed: await salvageByIndex(found, salvage), manifest: found.root.manifest };
  }
  if (await isPlainGzip(source)) {
    const isIntact = problems.length === 0;
    const manifest = await salvageTar(salvage);
    // Read to its end: nothing more can be asked of such an archive.
    if (isIntact && problems.length === 0) writer.unverified = [];
    return { foundBy: 'tar', unnamed: problems.length === 0 ? 0 : null, manifest };
  }
  const manifest = await salvageByMembers(salvage, { from: 0, to: source.size });
  return { foundBy: 'members', unnamed: missingFiles(manifest, writer), manifest };
}

/** What a restore would say of the two ends of the snapshot. @throws BackupError `NOT_A_SNAPSHOT`: then there is nothing to take out */
async function nameDamage(source: RangeReader, problems: Problem[]): Promise<void> {
  try {
    await openSnapshot(source);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'NOT_A_SNAPSHOT') throw error;
    problems.push(problemOf(error));
  }
}

/** A gzip file of another program: it lacks even the letters that mark our members. */
async function isPlainGzip(source: RangeReader): Promise<boolean> {
  const head = await readRange(source, 0, Math.min(MEMBER_HEADER, source.size));
  return head.length > 2 && head.readUInt16BE(0) === 0x1f8b && head.toString('latin1', 12, 14) !== 'OX';
}

function missingFiles(manifest: Manifest | null, { files, lostFiles }: SalvageWriter): number | null {
  const stated = manifest?.files;
  return typeof stated === 'number' ? Math.max(0, stated - files - lostFiles) : null;
}

function nothing(problems: readonly Problem[]): BackupError {
  const [problem] = problems;
  const why = problem === undefined ? '' : `: ${problem.message}`;
  return new BackupError('SNAPSHOT_DAMAGED', `nothing could be taken out of the snapshot${why}`, {
    hint: 'No file in it is whole any more. `listSnapshots()` lists the other ones of a folder.',
    ...(problem === undefined ? {} : { cause: problemError(problem) }),
  });
}
