/** Exit statuses of the command, with the sentence that help and README print. The one table of them. */
export const EXIT_STATUS = {
  0: 'done and complete',
  1: 'failed; nothing was committed or changed',
  2: 'wrong usage',
  3: 'committed, with files missing or inconsistent, or much less than before',
  4: 'a snapshot is not valid',
  5: 'a restore was interrupted and needs recovery',
  6: 'compared, and it differs',
  7: 'done in part; what was not done is named',
  130: 'interrupted (143 when terminated)',
} as const;

export type ExitStatus = keyof typeof EXIT_STATUS;

/** Every way in which this library fails, with the exit status of the command. The one table of them. */
export const ERROR_CODES = {
  USAGE: 2,

  // The system said no.
  IO: 1,
  NO_SPACE: 1,
  PERMISSION: 1,
  ABORTED: 130,

  // Creating.
  STATE_DIR_MISSING: 1,
  STATE_DIR_EMPTY: 1,
  MANIFEST_NAME_TAKEN: 1,
  OUTPUT_EXISTS: 1,
  OUTPUT_UNWRITABLE: 1,
  LIMIT_EXCEEDED: 1,
  SELF_CHECK_FAILED: 1,

  // Object storage.
  CREDENTIALS_MISSING: 1,
  STORAGE_MISSING: 1,
  STORAGE_UNAVAILABLE: 1,
  SNAPSHOT_REPLACED: 1,

  // The snapshot is not what it should be.
  SNAPSHOT_MISSING: 1,
  SNAPSHOT_TRUNCATED: 4,
  SNAPSHOT_DAMAGED: 4,
  GZIP_INVALID: 4,
  TAR_INVALID: 4,
  TRAILING_DATA: 4,
  FORMAT_VERSION: 4,
  FORMAT_FEATURE: 4,
  MANIFEST_MISSING: 4,
  MANIFEST_INVALID: 4,
  MANIFEST_VERSION: 4,
  MANIFEST_MISMATCH: 4,
  INDEX_INVALID: 4,
  INDEX_MISMATCH: 4,
  CONTENT_MISMATCH: 4,
  UNSAFE_NAME: 4,
  UNSAFE_LINK: 4,
  UNSAFE_MODE: 4,
  ENTRY_TYPE: 4,
  ENTRY_ORDER: 4,
  ENTRY_DUPLICATE: 4,
  ENTRY_CONFLICT: 4,

  // Restoring.
  ENTRY_NOT_FOUND: 1,
  // Nothing is wrong with the snapshot: it is this restore that is refused.
  SNAPSHOT_EMPTY: 1,
  EXTERNAL_LINK: 1,
  NAME_COLLISION: 1,
  LINKS_UNSUPPORTED: 1,
  NAME_UNSUPPORTED: 1,
  TARGET_NOT_EMPTY: 1,
  TARGET_NOT_DIRECTORY: 1,
  STATE_DIR_LOCKED: 1,
  STATE_DIR_IN_USE: 1,
  NEEDS_RECOVERY: 5,
  NOTHING_TO_UNDO: 1,
  PARTLY_DONE: 7,
} as const satisfies Record<string, ExitStatus>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface BackupErrorDetails {
  /** The file or entry that it is about. */
  path?: string | undefined;
  /** One line: what to do now. */
  hint?: string | undefined;
  cause?: unknown;
}

/** The only error that this library throws on purpose. `message` says what happened, `hint` what to do. */
export class BackupError extends Error {
  /** `AbortError` for an operation that its caller ended, as everywhere in Node; else `BackupError`. */
  override readonly name: 'BackupError' | 'AbortError';
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: BackupErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = code === 'ABORTED' ? 'AbortError' : 'BackupError';
    this.code = code;
    this.path = details.path;
    this.hint = details.hint;
  }

  /** Exit status of a command that ends in this error. */
  get exitStatus(): ExitStatus {
    return ERROR_CODES[this.code];
  }
}
