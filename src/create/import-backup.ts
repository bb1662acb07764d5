import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { fitsManifest, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../format/manifest.ts';
import { MANIFEST_PATH } from '../format/path-rules.ts';
import { checkOptions, locationSchema, optionsSchema, outputSchema, toPath } from '../options.ts';
import { directoryBackupsIn } from '../storage/folder/directory-kind.ts';
import { isSameDirectory } from '../system/file-key.ts';
import { isInTheFuture } from '../system/is-in-the-future.ts';
import { fromSystemError } from '../system-errors.ts';
import { type ContentDifference, compareContent, compareSections, type SectionCount } from './compare-backup.ts';
import { CREATE_SHAPE, type CreateOutput, type PackingOptions, plainOutput } from './create-options.ts';
import { type CreateResult, makeSnapshot } from './create-snapshot.ts';

// A directory backup, as Oxios makes it, is a copy of the state directory with a manifest.json in it, which is written last. Its time, its
// version of Oxios and, where it names one, its source become those of the snapshot; its sections are compared with what is there.

/** How a directory backup is imported. */
export interface ImportOptions extends PackingOptions {
  /** The directory backup. Nothing in it is changed. */
  directory: string | URL;
  /** Where the snapshot is written to. In a folder its name holds the time of the backup. */
  output: CreateOutput;
  /**
   * The state directory that it is a backup of: an absolute path for the manifest of the snapshot, by which `findLatest` and `pruneSnapshots`
   * know it. It need not exist. A directory backup that is it itself is refused (`USAGE`).
   */
  stateDir: string | URL;
}

/** The snapshot that was made of a directory backup. */
export interface ImportResult extends CreateResult {
  /** The directory backup, as an absolute path. */
  directory: string;
  /** Sections of which the directory holds another number of documents than its manifest states. Fewer: documents are missing. */
  sectionDifferences: SectionCount[];
  /**
   * If it is an unpacked snapshot, whose manifest states how many files it holds: that, where the directory holds others. Else null, and where
   * `excludes` were given.
   */
  contentDifference: ContentDifference | null;
  /** Fields of its manifest that the manifest of the snapshot does not hold. */
  droppedFields: string[];
}

const { createdAt: _time, oxiosVersion: _version, parent: _parent, rescan: _rescan, ...IMPORT_SHAPE } = CREATE_SHAPE;
const importOptionsSchema = optionsSchema<ImportOptions>(
  { ...IMPORT_SHAPE, directory: locationSchema, output: outputSchema, stateDir: locationSchema },
  ['directory', 'output', 'stateDir'],
);

/** What of a manifest goes into that of the snapshot, or is made anew for it. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...['version', 'created_at', 'oxios_version', 'sections', 'source', 'excludes'],
  ...['snapshot_format', 'tool', 'files', 'bytes', 'index_sha256'],
]);

/**
 * Makes a snapshot of a directory backup that Oxios made, as of the time of that backup. The times of its files are those of the copies that Oxios made.
 *
 * @returns what was made; look at `complete` and `sectionDifferences`
 * @throws BackupError when no snapshot was made: `STATE_DIR_MISSING` if there is no such directory, `MANIFEST_MISSING`, `MANIFEST_INVALID` and
 *   `MANIFEST_VERSION` if it is no directory backup, `USAGE` if it is the state directory; else as `createSnapshot`
 */
export async function importBackup(options: ImportOptions): Promise<ImportResult> {
  checkOptions(importOptionsSchema, options);
  const { directory: _directory, output, stateDir: _stateDir, excludes = [], host, ...rest } = options;
  const directory = path.resolve(toPath(options.directory));
  const stateDir = path.resolve(toPath(options.stateDir));
  if (isSameDirectory(directory, stateDir)) {
    throw new BackupError('USAGE', 'that is the state directory itself, and no backup of it', {
      path: directory,
      hint: 'A manifest.json in it is what a restore by Oxios left there. `createSnapshot()` makes a snapshot of it.',
    });
  }
  const manifest = readManifest(directory);
  const { source } = manifest;
  const named = host ?? source?.hostname;
  const createdAt = new Date(manifest.created_at);
  if (isInTheFuture(createdAt, new Date())) {
    const message = `it is dated ${manifest.created_at}, in the future: until then it is neither the latest snapshot nor one that pruning removes`;
    options.onEvent?.({ type: 'notice', path: directory, message });
  }
  const sectionDifferences = compareSections(directory, manifest.sections);
  const made = await makeSnapshot(directory, plainOutput(output), {
    ...rest,
    ...(named === undefined ? {} : { host: named }),
    excludes: [...(manifest.excludes ?? []), ...excludes],
    createdAt,
    oxiosVersion: manifest.oxios_version || 'unknown',
    parent: null,
    importedFrom: source?.state_dir ?? stateDir,
  });
  return {
    ...made,
    directory,
    // It is in the snapshot, as its manifest.
    excluded: made.excluded.filter((each) => each.path !== MANIFEST_PATH),
    sectionDifferences,
    contentDifference: excludes.length === 0 ? compareContent(manifest, made.totals) : null,
    droppedFields: Object.keys(manifest).filter((field) => !KNOWN_FIELDS.has(field)),
  };
}

function readManifest(directory: string): Manifest {
  const file = path.join(directory, MANIFEST_PATH);
  if (fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw noDirectory(directory);
  let bytes: Buffer;
  try {
    const stat = fs.lstatSync(file);
    if (stat.isSymbolicLink()) throw linkedManifest(file);
    if (!stat.isFile() || stat.size > MAX_MANIFEST_BYTES) throw noManifest(directory, 'is none');
    bytes = fs.readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noManifest(directory, 'is missing');
    throw fromSystemError(error, 'read the manifest of the directory backup', file);
  }
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const { code, cause } = error;
    const message = error.message.replace("the snapshot's manifest", 'the manifest of the backup');
    throw new BackupError(code, message.replace('of the snapshot', 'of the backup'), {
      path: file,
      hint: 'If Oxios did not make it: `createSnapshot()` makes a snapshot of any directory.',
      cause,
    });
  }
  if (fitsManifest(Math.floor(Date.parse(manifest.created_at) / 1000))) return manifest;
  throw new BackupError(
    'MANIFEST_INVALID',
    `the backup is dated ${manifest.created_at}; a snapshot is of 1970 to 2242`,
    {
      path: file,
      hint: 'The clock was wrong when it was made: correct "created_at" in its manifest.json.',
    },
  );
}

function linkedManifest(file: string): BackupError {
  return new BackupError('MANIFEST_INVALID', 'manifest.json of the directory backup is a symbolic link', {
    path: file,
    hint: 'Oxios writes a file. If it is the right one that the link leads to, put that in its place.',
  });
}

function noDirectory(directory: string): BackupError {
  const exists = fs.existsSync(directory);
  return new BackupError('STATE_DIR_MISSING', `${directory} ${exists ? 'is not a directory' : 'does not exist'}`, {
    path: directory,
    hint: exists
      ? 'What Oxios made as a directory is imported; `restoreSnapshot()` restores a .tar.gz file as it is.'
      : 'Name the directory that "oxios backup" made; by default it lies in ~/.oxios/workspace/backups or ~/.oxios/backups.',
  });
}

function noManifest(directory: string, what: string): BackupError {
  const inside = directoryBackupsIn(directory);
  if (inside.length > 0) {
    return new BackupError('MANIFEST_MISSING', `${directory} is a folder of directory backups, and none itself`, {
      path: directory,
      hint: `Name one of them: ${inside.join(', ')}`,
    });
  }
  return new BackupError('MANIFEST_MISSING', `manifest.json of the directory backup ${what}`, {
    path: directory,
    hint: 'Oxios writes it last, so that backup was not finished, or it is none. `createSnapshot()` makes a snapshot of what is there.',
  });
}
