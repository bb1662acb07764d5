/** What file systems and desktops keep at the top of a volume: none of anybody's state, and mostly not to be moved. */
const AT_THE_TOP_OF_A_VOLUME = new Set([
  // ext2, 3 and 4.
  'lost+found',
  // macOS: the index of Spotlight, what was thrown away, the log of changes, what programs put down, versions of documents.
  '.Spotlight-V100',
  '.Trashes',
  '.fseventsd',
  '.TemporaryItems',
  '.DocumentRevisions-V100',
  // Windows, on FAT and exFAT.
  'System Volume Information',
  '$RECYCLE.BIN',
]);

/** What Finder writes into any directory that somebody looks into. */
const IN_ANY_DIRECTORY = new Set(['.DS_Store', '.localized']);

/** Whether a system keeps a directory of that name at the top of a volume. */
export function isVolumeName(name: string): boolean {
  return AT_THE_TOP_OF_A_VOLUME.has(name);
}

/** Whether a system puts something of that name into directories without being asked: one that holds nothing else is as good as empty. */
export function isSystemName(name: string): boolean {
  return isVolumeName(name) || IN_ANY_DIRECTORY.has(name);
}
