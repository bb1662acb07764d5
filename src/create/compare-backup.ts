import fs from 'node:fs';
import path from 'node:path';
import type { Manifest, ManifestSection } from '../format/manifest.ts';
import { CATEGORIES, entryStem } from '../state-dir/sections.ts';
import { fromSystemError } from '../system-errors.ts';

// What the manifest of a directory backup states, compared with what is in the directory.

/** How many documents a section should hold, and holds. */
export interface SectionCount {
  /** Name of the section. */
  name: string;
  /** By the manifest of the backup; 0 if it does not name the section. */
  stated: number;
  /** In the directory: files, and links to files. */
  found: number;
  /** Names of documents in the directory that are neither: directories, links to nothing. */
  notFiles: string[];
}

/** How many files a snapshot should hold, and of what size, and what of it was found. */
export interface ContentDifference {
  /** By the manifest. */
  stated: FileTotals;
  /** In the directory. */
  found: FileTotals;
}

/** Files, and their sizes. */
export interface FileTotals {
  /** Number of files; further names of a file do not count. */
  files: number;
  /** Sum of their sizes in bytes. */
  bytes: number;
}

/**
 * Sections of which a directory holds another number of documents than is stated. It looks at the directory, not at what was captured of it:
 * patterns may have excluded some.
 *
 * @throws BackupError `PERMISSION`, `IO` if a section cannot be listed
 */
export function compareSections(directory: string, sections: readonly ManifestSection[]): SectionCount[] {
  const stated = new Map(sections.map(({ name, entry_count }) => [name, entry_count]));
  for (const name of CATEGORIES) if (!stated.has(name)) stated.set(name, 0);
  return [...stated]
    .map(([name, number]) => ({ name, stated: number, ...documentsIn(path.join(directory, name)) }))
    .filter(({ stated, found }) => stated !== found);
}

/** What was found of the files that an unpacked snapshot should hold; null where that is all, or the manifest states nothing. */
export function compareContent({ files, bytes }: Manifest, found: FileTotals): ContentDifference | null {
  if (typeof files !== 'number' || typeof bytes !== 'number') return null;
  if (files === found.files && bytes === found.bytes) return null;
  return { stated: { files, bytes }, found: { files: found.files, bytes: found.bytes } };
}

function documentsIn(folder: string): Pick<SectionCount, 'found' | 'notFiles'> {
  const documents = entriesOf(folder).filter(({ name }) => entryStem(name) !== null);
  const notFiles = documents.filter((entry) => !entry.isFile() && !leadsToFile(path.join(folder, entry.name)));
  return { found: documents.length - notFiles.length, notFiles: notFiles.map(({ name }) => name).sort() };
}

function leadsToFile(file: string): boolean {
  try {
    return fs.statSync(file).isFile();
  } catch {
    // A link to nothing, or to where nobody may look.
    return false;
  }
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fromSystemError(error, 'list a section of the directory backup', folder);
  }
}
