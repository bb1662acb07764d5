import { BackupError } from '../errors.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { blockOfPath } from '../read/judge-snapshot.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';
import { someOf } from '../read/problem.ts';
import { type JudgedBlock, readJudgedBlock } from '../read/read-entries.ts';

/** An entry, and where it stands. */
export interface FoundEntry extends JudgedBlock {
  entry: BlockEntry;
  /** Its number in the block. */
  number: number;
}

/** Looks an entry up in the index: reads the one block that can hold it. */
export function findEntry(snapshot: SealedSnapshot, path: string, platform: NodeJS.Platform): FoundEntry | null {
  const location = blockOfPath(snapshot.blocks, path);
  if (location === undefined) return null;
  const judged = readJudgedBlock(snapshot, snapshot.blocks.indexOf(location), platform);
  const number = judged.block.path.indexOf(path);
  const entry = judged.entries[number];
  return entry === undefined ? null : { ...judged, entry, number };
}

export function entryNotFound(path: string): BackupError {
  return new BackupError('ENTRY_NOT_FOUND', `the snapshot holds no ${someOf([path])}`, {
    path,
    hint: 'Look at what it holds with "oxios-backup list".',
  });
}

/** What to say of an entry that has no content. */
export function notAFile({ path, type, link }: Pick<BlockEntry, 'path' | 'type' | 'link'>): BackupError {
  const [what, hint] =
    type === 'directory'
      ? ['is a directory', 'Name a file in it; "oxios-backup list" shows them.']
      : [`is a symbolic link to ${someOf([link ?? ''])}`, 'Name the file that it leads to.'];
  return new BackupError('ENTRY_NOT_FOUND', `${someOf([path])} ${what}, not a file`, { path, hint });
}
