import { adviceByName } from './advice.ts';
import { BackupError } from './errors.ts';
import { HERE } from './system/platform.ts';

const OWNER = 'Run it as the owner of that path, or change its permissions.';

const SYSTEM_ERRORS = adviceByName({
  NO_SPACE: {
    ENOSPC: 'Free some space on that file system, or choose another one.',
    EDQUOT: 'Your disk quota is used up: free some space, or choose another file system.',
  },
  PERMISSION: {
    EACCES: OWNER,
    EPERM: OWNER,
    EROFS: 'That file system is mounted read-only: choose another place.',
    ERR_ACCESS_DENIED:
      'Node was started with --permission, which keeps it from this: leave that away, or allow what is missing (--allow-…).',
  },
  NAME_UNSUPPORTED: {
    ENAMETOOLONG: 'That name is longer than the file system holds: choose another place.',
    EILSEQ: 'The file system does not hold that name: choose another place.',
  },
  IO: {
    EMFILE: 'Raise the limit of open files (ulimit -n 1024), and run it again.',
    ENFILE: 'The system has too many files open: close some programs, and run it again.',
    ENOTDIR: 'A part of that path is a file, not a directory: check the path.',
    ELOOP: 'Symbolic links on that path lead in a circle: check the path.',
    EFBIG: 'The file system does not hold a file of that size (FAT: 4 GiB): choose another one.',
    EIO: 'The disk or the connection to it fails: look at the system log before you trust it again.',
    ESTALE: 'The server of that network file system forgot it: mount it anew, then run it again.',
    ENOTCONN: 'That file system has lost its server: mount it anew, then run it again.',
  },
});

/** Where the system keeps programs from folders, that is the likely cause; of a locked file (`uchg`) it says the same. */
const GUARDED_FOLDER =
  'macOS may keep this program from that folder (Documents, Desktop, Downloads, another disk): give Full Disk Access to the terminal, or to what starts it (System Settings, Privacy & Security). If it is locked instead (ls -lO shows "uchg"): chflags nouchg.';

/** Whether an error is one of a system call that has no message of ours yet. What is neither that nor a `BackupError` is a bug. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && ('syscall' in error || (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED')
  );
}

/** Turns an error of a system call into a BackupError that says what was being done (`doing`: "write the snapshot"). Others pass through. */
export function fromSystemError(error: unknown, doing: string, path?: string, platform = HERE): BackupError {
  if (error instanceof BackupError) return error;
  const { code: errno, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (syscall === 'uv_cwd') return withoutWorkingDirectory(error);
  const known = errno === undefined ? undefined : SYSTEM_ERRORS.get(errno);
  const guarded = errno === 'EPERM' && platform.guardsFolders ? GUARDED_FOLDER : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  return new BackupError(known?.code ?? 'IO', `could not ${doing}: ${reason}`, {
    path,
    hint: guarded ?? known?.hint ?? 'Nothing was committed or changed; look into the cause and run it again.',
    cause: error,
  });
}

function withoutWorkingDirectory(cause: unknown): BackupError {
  return new BackupError('IO', 'the working directory was deleted, or may not be looked at', {
    hint: 'Change to another directory, or give every path from the root on (/…).',
    cause,
  });
}

/**
 * The same for an error of our own temporary files, whose place can be chosen.
 *
 * @param folder where they are
 */
export function fromScratchError(error: unknown, doing: string, folder: string): BackupError {
  const { code, message, hint, cause } = fromSystemError(error, doing, folder);
  const elsewhere =
    'Free some space there, or choose another folder for temporary files with `scratchDir` (for a stream also with TMPDIR).';
  return new BackupError(code, message, { path: folder, hint: code === 'NO_SPACE' ? elsewhere : hint, cause });
}
