import { BackupError } from '../errors.ts';

/** Version of the snapshot format that this code writes and reads. */
export const FORMAT_VERSION = 1;

/** The refusal of another version. */
export function otherFormat(version: number): BackupError {
  return new BackupError(
    'FORMAT_VERSION',
    `the snapshot has format version ${version}; this program reads version ${FORMAT_VERSION}`,
    { hint: 'Use the oxios-backup that belongs to it, or plain tar: the file is a .tar.gz.' },
  );
}
