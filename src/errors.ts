/**
 * What kind of failure it is.
 *
 * - `failed`: nothing was committed or changed
 * - `usage`: an argument or option is not what it may be
 * - `aborted`: the caller ended it
 * - `invalid`: the snapshot is not valid
 * - `interrupted`: a restore was interrupted, and the state directory needs recovery
 * - `partial`: done in part; the error names what was not done
 */
export type ErrorKind = 'failed' | 'usage' | 'aborted' | 'invalid' | 'interrupted' | 'partial';

/** Every way in which this library fails, with its kind. The one table of them. */
export const ERROR_CODES = {
  USAGE: 'usage',

  // The system refused.
  IO: 'failed',
  NO_SPACE: 'failed',
  PERMISSION: 'failed',
  ABORTED: 'aborted',

  // Creating.
  STATE_DIR_MISSING: 'failed',
  STATE_DIR_EMPTY: 'failed',
  MANIFEST_NAME_TAKEN: 'failed',
  OUTPUT_EXISTS: 'failed',
  OUTPUT_UNWRITABLE: 'failed',
  LIMIT_EXCEEDED: 'failed',
  SELF_CHECK_FAILED: 'failed',

  // Object storage.
  CREDENTIALS_MISSING: 'failed',
  STORAGE_MISSING: 'failed',
  STORAGE_UNAVAILABLE: 'failed',
  SNAPSHOT_REPLACED: 'failed',

  // The snapshot is not what it should be.
  SNAPSHOT_MISSING: 'failed',
  NOT_A_SNAPSHOT: 'invalid',
  SNAPSHOT_TRUNCATED: 'invalid',
  SNAPSHOT_DAMAGED: 'invalid',
  GZIP_INVALID: 'invalid',
  TAR_INVALID: 'invalid',
  TRAILING_DATA: 'invalid',
  FORMAT_VERSION: 'invalid',
  FORMAT_FEATURE: 'invalid',
  MANIFEST_MISSING: 'invalid',
  MANIFEST_INVALID: 'invalid',
  MANIFEST_VERSION: 'invalid',
  MANIFEST_MISMATCH: 'invalid',
  INDEX_INVALID: 'invalid',
  INDEX_MISMATCH: 'invalid',
  CONTENT_MISMATCH: 'invalid',
  UNSAFE_NAME: 'invalid',
  UNSAFE_LINK: 'invalid',
  UNSAFE_MODE: 'invalid',
  ENTRY_TYPE: 'invalid',
  ENTRY_ORDER: 'invalid',
  ENTRY_DUPLICATE: 'invalid',
  ENTRY_CONFLICT: 'invalid',

  // Restoring.
  ENTRY_NOT_FOUND: 'failed',
  // Nothing is wrong with the snapshot: it is this restore that is refused.
  SNAPSHOT_EMPTY: 'failed',
  EXTERNAL_LINK: 'failed',
  NAME_COLLISION: 'failed',
  LINKS_UNSUPPORTED: 'failed',
  NAME_UNSUPPORTED: 'failed',
  TARGET_NOT_EMPTY: 'failed',
  TARGET_NOT_DIRECTORY: 'failed',
  STATE_DIR_LOCKED: 'failed',
  STATE_DIR_IN_USE: 'failed',
  NEEDS_RECOVERY: 'interrupted',
  NOTHING_TO_UNDO: 'failed',
  PARTLY_DONE: 'partial',
} as const satisfies Record<string, ErrorKind>;

/** The code of an error; one of the keys of `ERROR_CODES`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What is known of an error besides its code and message. */
export interface BackupErrorDetails {
  /** The file or entry that it is about. */
  path?: string | undefined;
  /** One line: what to do now. Options and functions of the API are in backticks. */
  hint?: string | undefined;
  /** The error that caused it. */
  cause?: unknown;
}

/** The error of this library. Anything else that it throws is a bug. `message` says what happened, `hint` what to do. */
export class BackupError extends Error {
  /** `AbortError` if the caller aborted the operation, as in Node; else `BackupError`. */
  override readonly name: 'BackupError' | 'AbortError';
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** The file or entry that it is about, if it is about one. */
  readonly path: string | undefined;
  /** What to do now, in one line, if something can be done. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: BackupErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = code === 'ABORTED' ? 'AbortError' : 'BackupError';
    this.code = code;
    this.path = details.path;
    this.hint = details.hint;
  }

  /** What kind of failure it is, by its code. */
  get kind(): ErrorKind {
    return ERROR_CODES[this.code];
  }
}
