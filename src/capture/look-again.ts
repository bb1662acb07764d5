import type { BigIntStats } from 'node:fs';
import { basename } from 'node:path';
import type { FileStatus } from '../format/file-status.ts';
import { isSameFile } from '../system/file-key.ts';
import type { FileIdentity } from './capture-item.ts';
import { type FindMovedOptions, findMoved, look } from './find-moved.ts';
import { MappedFiles } from './mapped-files.ts';
import { ScannedDirectory, typeOf } from './scanned-directory.ts';
import { isPartOfDatabase } from './sqlite/side-files.ts';

export interface LookAgainOptions extends FindMovedOptions {
  /** What was mapped when the scan began. */
  mapped: MappedFiles;
}

/** A file that is missing or inconsistent, as only the end of the capture shows. */
export interface LateStatus {
  path: string;
  status: Extract<FileStatus, 'inconsistent' | 'unreadable'>;
  detail: string;
}

/**
 * Looks at what only shows at the end, when every file has been read: what was moved out of sight, encrypted databases that were written
 * to between the reading of the two files that they consist of, and what was written to through a mapping that came after the first look.
 *
 * @param root absolute path of the state directory
 */
export async function* lookAgain(root: string, options: LookAgainOptions): AsyncGenerator<LateStatus, void, void> {
  for await (const path of findMoved(root, options)) {
    const detail = 'it was moved here while the snapshot was made, which has it neither here nor where it was';
    yield { path, status: 'unreadable', detail };
  }
  for (const { path, database, identity } of options.seen.pairs) {
    const stat = look(`${root}/${database}`);
    if (stat !== null && isSameFile(stat, identity) && isSameContent(stat, identity)) continue;
    const detail = `${database}, which it belongs to, was written to while the snapshot was made: the two may not fit each other`;
    yield { path, status: 'inconsistent', detail };
  }
  const now = await MappedFiles.look();
  for (const path of now.writtenSince(root, options.mapped, options.seen.beganMs)) {
    if (staysOut(root, path, options)) continue;
    yield { path, status: 'inconsistent', detail: 'a process mapped it and wrote to it, perhaps while it was read' };
  }
}

function isSameContent(stat: BigIntStats, identity: FileIdentity): boolean {
  return Number(stat.size) === identity.size && stat.mtimeNs === identity.mtimeNs;
}

function staysOut(root: string, path: string, { exclusions }: LookAgainOptions): boolean {
  const absolute = `${root}/${path}`;
  const name = basename(path);
  const inside = path.slice(0, path.length - name.length);
  const directory = new ScannedDirectory(inside, `${root}/${inside}`, [], null);
  if (exclusions.patternFor(directory, name) !== null) return true;
  const stat = look(absolute);
  if (stat === null) return true;
  if (exclusions.reasonFor(directory, name, typeOf(stat), stat) !== null) return true;
  return isPartOfDatabase(absolute);
}
