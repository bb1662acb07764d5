import { ERROR_CODES, type ErrorCode, type ErrorKind } from '../../src/errors.ts';

type Row = readonly [meaning: string, advice: string];

/** What each code means, and what to do. What is safe follows from its kind. */
const CODES: Readonly<Record<ErrorCode, Row>> = {
  USAGE: ['An argument or option is not what it may be.', 'Correct the call.'],
  IO: ['The system reported an error; `cause` has it.', 'Look into the cause, then repeat.'],
  NO_SPACE: ['The file system is full, or the quota is used up.', 'Free space, or choose another place.'],
  PERMISSION: ['The system denied access.', 'Change the rights, or run as the owner.'],
  ABORTED: ['The signal was aborted.', 'Nothing; repeat if wanted.'],
  STATE_DIR_MISSING: ['There is no state directory.', 'Check the path.'],
  STATE_DIR_EMPTY: ['The state directory holds no file.', 'Is it mounted? Else: `allowEmpty`.'],
  MANIFEST_NAME_TAKEN: ['The state directory has a `manifest.json` at its top.', 'Move or remove that file.'],
  OUTPUT_EXISTS: ['There is a file at `output`.', 'Choose another name, or `force`.'],
  OUTPUT_UNWRITABLE: ['The output cannot be written, or its reader went away.', 'Check the path or the stream.'],
  LIMIT_EXCEEDED: ['There is more than the format can hold.', 'Exclude something.'],
  SELF_CHECK_FAILED: ['What was written does not verify.', 'Repeat; then check disk and memory.'],
  CREDENTIALS_MISSING: ['No keys for the object storage were found.', 'Set the keys or a profile.'],
  STORAGE_MISSING: ['There is no such bucket.', 'Check the URL.'],
  STORAGE_UNAVAILABLE: ['The storage does not answer, or refuses for now.', 'Repeat later.'],
  SNAPSHOT_REPLACED: ['The snapshot was replaced while it was read.', 'Repeat.'],
  SNAPSHOT_MISSING: ['There is no such snapshot or folder.', 'Check the path.'],
  NOT_A_SNAPSHOT: ['It is something else: a ZIP archive, a plain tar, an encrypted file.', 'See the hint.'],
  SNAPSHOT_TRUNCATED: ['The file is cut short.', 'Use another copy, or salvage.'],
  SNAPSHOT_DAMAGED: ['Bytes of the file are damaged.', 'Use another copy, or salvage.'],
  GZIP_INVALID: ['A gzip member is not valid.', 'Use another copy, or salvage.'],
  TAR_INVALID: ['A tar header is not valid.', 'Use another copy, or salvage.'],
  TRAILING_DATA: ['Something follows the end of the snapshot.', 'Use another copy, or salvage.'],
  FORMAT_VERSION: ['A later version of the format.', 'Use a later version of this package.'],
  FORMAT_FEATURE: ['It uses a feature that this version does not know.', 'Use a later version of this package.'],
  MANIFEST_MISSING: ['The archive does not begin with a manifest.', 'It is not a snapshot.'],
  MANIFEST_INVALID: ['The manifest is not valid.', 'Use another copy, or salvage.'],
  MANIFEST_VERSION: ['A later version of the manifest.', 'Use a later version of this package.'],
  MANIFEST_MISMATCH: ['The manifest and the content disagree.', 'Do not use it.'],
  INDEX_INVALID: ['The index is not valid.', 'Use another copy, or salvage.'],
  INDEX_MISMATCH: ['The index and the content disagree.', 'Do not use it.'],
  CONTENT_MISMATCH: ['A file does not have the SHA-256 of the index.', 'Use another copy, or salvage.'],
  UNSAFE_NAME: ['A name would be written outside, or is reserved.', 'Do not use it: it may be an attack.'],
  UNSAFE_LINK: ['A link leads to where nothing may be written.', 'Do not use it: it may be an attack.'],
  UNSAFE_MODE: ['An entry has a mode that is not allowed.', 'Do not use it: it may be an attack.'],
  ENTRY_TYPE: ['An entry is of a type that is not allowed.', 'Do not use it: it may be an attack.'],
  ENTRY_ORDER: ['Entries are not in their order.', 'Do not use it.'],
  ENTRY_DUPLICATE: ['Two entries have the same path.', 'Do not use it.'],
  ENTRY_CONFLICT: ['An entry is below one that is no directory.', 'Do not use it.'],
  ENTRY_NOT_FOUND: ['The snapshot has no such entry.', 'Check the path with `listEntries`.'],
  SNAPSHOT_EMPTY: ['The snapshot holds no file.', 'Take another, or `allowEmpty`.'],
  EXTERNAL_LINK: ['A symbolic link leads out of the state directory.', '`externalLinks`: `keep` or `skip`.'],
  NAME_COLLISION: ['Two names are one on the file system of the target.', 'Choose another place, or `paths`.'],
  LINKS_UNSUPPORTED: ['The file system has no symbolic links.', 'Choose another place, or `paths`.'],
  NAME_UNSUPPORTED: ['The file system does not take a name.', 'Choose another place, or `paths`.'],
  TARGET_NOT_EMPTY: ['The target has content.', '`mode`: `replace` or `merge`.'],
  TARGET_NOT_DIRECTORY: ['The target is not a directory.', 'Check the path.'],
  STATE_DIR_LOCKED: ['Another run works on the state directory.', 'Wait (`lockWait`), then repeat.'],
  STATE_DIR_IN_USE: ['A process uses the state directory.', 'Stop it, or `forceRunning`.'],
  NEEDS_RECOVERY: ['A restore or undo was interrupted.', 'Call `recoverStateDir`.'],
  NOTHING_TO_UNDO: ['No previous state is kept.', 'Nothing.'],
  PARTLY_DONE: ['Some of it could not be done.', 'See the message, then repeat.'],
};

const KINDS: readonly (readonly [ErrorKind, safe: string])[] = [
  ['failed', 'Nothing was committed or changed:'],
  ['invalid', 'The snapshot is not valid. Nothing was restored from it, and nothing was changed:'],
  ['usage', 'Nothing was touched:'],
  ['aborted', 'Nothing was committed or changed:'],
  [
    'interrupted',
    'The old state directory or the new one is whole, or will be after recovery. No file of either is lost:',
  ],
  ['partial', 'What was done stays done:'],
];

/** The codes, by their kind: what is safe, what each means, what to do. */
export function errorTables(): string {
  return KINDS.map(([kind, safe]) => {
    const rows = Object.entries(CODES).flatMap(([code, [meaning, advice]]) =>
      ERROR_CODES[code as ErrorCode] === kind ? [`| \`${code}\` | ${meaning} | ${advice} |`] : [],
    );
    return [`### Of the kind ${kind}`, '', safe, '', '| Code | Meaning | What to do |', '|---|---|---|', ...rows].join(
      '\n',
    );
  }).join('\n\n');
}
