import { BackupError } from '../errors.ts';
import { printable } from './printable.ts';
import { utf8Length } from './utf8.ts';

/** What to do with an archive that no correct program makes. */
export const MALFORMED_HINT = 'Do not restore this file: it was not made by a correct program.';

/** Longest path of an entry, in bytes: Linux's PATH_MAX less the closing NUL. */
export const MAX_PATH_BYTES = 4095;
/**
 * Longest component of a path, in bytes. Most file systems allow 255 bytes, APFS and NTFS 255 characters, which are up to three times as
 * many; what a target allows is validated where it is restored.
 */
export const MAX_NAME_BYTES = 1023;

/** For operations that write no files: names that only Windows would refuse are fine then. */
export const ANY_PLATFORM: NodeJS.Platform = 'linux';

/** The entry at the top that belongs to the snapshot, not to the state. */
export const MANIFEST_PATH = 'manifest.json';

// An empty, `.` or `..` component, anywhere; hence also a leading, doubled or trailing slash.
const BAD_COMPONENT = /(?:^|\/)\.{0,2}(?:\/|$)/;
/**
 * Paths of printable ASCII whose components Windows and FAT allow too, but for devices: without \ : * ? " < > |, and none that is empty or ends in
 * a dot or a blank.
 */
const PLAIN_PATH = /^(?:[!#-)+-.0-9;=@-[\]-{}~ ]*[!#-)+,\-0-9;=@-[\]-{}~](?:\/(?!$)|$))+$/;
/** No name of a path of so many bytes is longer than any file system allows. */
const SHORT_PATH = 255;
const WINDOWS_CHARACTER = /[\\:*?"<>|]/;
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/**
 * Refuses the name of an entry that must not be written. Nothing is ever repaired.
 *
 * @param platform where the entry would be written (`process.platform`): Windows gives some names another meaning
 * @throws BackupError `UNSAFE_NAME`
 */
export function assertSafePath(path: string, platform: NodeJS.Platform): void {
  const problem = pathProblem(path, platform);
  if (problem !== null) {
    throw new BackupError('UNSAFE_NAME', `the snapshot holds an entry named "${printable(path)}", which ${problem}`, {
      path,
      hint: MALFORMED_HINT,
    });
  }
}

/**
 * Whether a path is like most: nothing that `assertSafePath` refuses, or that some file system cannot hold, and each character one byte. One
 * look where those need several; it may say no to a path that is fine.
 *
 * @param platform where the entry would be written
 */
export function isPlainPath(path: string, platform: NodeJS.Platform): boolean {
  return path.length <= SHORT_PATH && platform !== 'win32' && PLAIN_PATH.test(path);
}

/** Whether this is a path within a state directory, however long. */
export function isPath(path: string): boolean {
  return formProblem(path) === null;
}

function formProblem(path: string): string | null {
  if (BAD_COMPONENT.test(path)) {
    return path.startsWith('/') ? 'is absolute' : 'has an empty, "." or ".." component';
  }
  if (path.includes('\0')) return 'contains a NUL';
  if (!path.isWellFormed()) return 'is not Unicode';
  return null;
}

function pathProblem(path: string, platform: NodeJS.Platform): string | null {
  const problem = formProblem(path);
  if (problem !== null) return problem;
  // A UTF-16 code unit takes at most three bytes, so most paths need no counting.
  if (path.length > MAX_NAME_BYTES / 3) {
    if (utf8Length(path) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
    for (const name of path.split('/')) {
      if (utf8Length(name) > MAX_NAME_BYTES) return `has a component of more than ${MAX_NAME_BYTES} bytes`;
    }
  }
  return platform === 'win32' ? windowsProblem(path) : null;
}

function windowsProblem(path: string): string | null {
  for (const name of path.split('/')) {
    if (WINDOWS_CHARACTER.test(name) || hasControlCharacter(name)) return 'Windows does not allow';
    if (name.endsWith('.') || name.endsWith(' ')) return 'Windows would change (it drops a final dot or space)';
    if (WINDOWS_DEVICE.test(name)) return 'is a device on Windows';
  }
  return null;
}

function hasControlCharacter(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) < 0x20) return true;
  return false;
}
