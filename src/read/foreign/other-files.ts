import { BackupError } from '../../errors.ts';
import { BLOCK } from '../../format/entry.ts';
import { MANIFEST_PATH } from '../../format/path-rules.ts';

/** Bytes at the beginning of a file that show what it is. */
export const SIGNATURE_BYTES = BLOCK;

interface KnownFile {
  what: string;
  isIt: (head: Buffer) => boolean;
  /** @param file as a shell takes it */
  hint: (file: string, head: Buffer) => string;
}

const UNPACK = 'With a manifest.json in it: `importBackup()`; else: `createSnapshot()`.';

const KNOWN_FILES: readonly KnownFile[] = [
  {
    what: 'a ZIP archive',
    isIt: begins('PK\x03\x04', 'PK\x05\x06'),
    hint: (file) => `Unpack it: unzip ${file} -d DIR. ${UNPACK}`,
  },
  {
    what: 'a tar that is not compressed',
    isIt: isTarHeader,
    hint: (file, head) =>
      /^(?:\.\/)?manifest\.json\0/.test(head.toString('latin1', 0, 100))
        ? `Compress it, and use what that makes: gzip -k ${file}`
        : `Unpack it: mkdir DIR; tar -xf ${file} -C DIR. ${UNPACK}`,
  },
  compressed('zstd', 'zstd -d', '\x28\xb5\x2f\xfd'),
  compressed('xz', 'xz -dk', '\xfd7zXZ\0'),
  compressed('bzip2', 'bzip2 -dk', 'BZh'),
  compressed('lz4', 'lz4 -d', '\x04\x22\x4d\x18'),
  encrypted('age', 'age -d -o', 'age-encryption.org/', '-----BEGIN AGE '),
  encrypted('OpenPGP', 'gpg -d -o', '-----BEGIN PGP MESSAGE'),
  {
    what: 'a 7-Zip archive',
    isIt: begins('7z\xbc\xaf\x27\x1c'),
    hint: (file) => `Unpack it: 7z x -oDIR ${file}. ${UNPACK}`,
  },
  {
    what: 'an SQLite database',
    isIt: begins('SQLite format 3\0'),
    hint: () => 'It is one file of a state, and no snapshot: name the .tar.gz file that it came in.',
  },
];

function begins(...signatures: string[]): (head: Buffer) => boolean {
  return (head) =>
    signatures.some((signature) => head.subarray(0, signature.length).equals(Buffer.from(signature, 'latin1')));
}

function compressed(name: string, unpack: string, ...signatures: string[]): KnownFile {
  return {
    what: `a file that ${name} has compressed`,
    isIt: begins(...signatures),
    hint: (file) => `Unpack it, and use what that makes: ${unpack} ${file}`,
  };
}

function encrypted(name: string, decrypt: string, ...signatures: string[]): KnownFile {
  return {
    what: `a file that ${name} has encrypted`,
    isIt: begins(...signatures),
    hint: (file) => `Decrypt it, and use what that makes: ${decrypt} snapshot.tar.gz ${file}`,
  };
}

/** Whether a block begins a tar: its checksum is the sum of its bytes, with blanks in its own place. */
export function isTarHeader(head: Buffer): boolean {
  if (head.length < BLOCK || head.every((byte) => byte === 0)) return false;
  const stated = Number.parseInt(
    head
      .toString('latin1', 148, 156)
      .replace(/[\0 ]+$/, '')
      .trim(),
    8,
  );
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += head[at] ?? 0;
  return sum === stated;
}

/**
 * What to say of a file that is something else than a snapshot, or a gzip file at all.
 *
 * @param name of the file
 * @param head its first `SIGNATURE_BYTES`
 * @returns null for a gzip file, and for one that nothing is known of
 */
export function otherFile(name: string, head: Buffer): BackupError | null {
  const known = KNOWN_FILES.find(({ isIt }) => isIt(head));
  if (known === undefined) return null;
  const file = /^[\w@%+=:,./-]+$/.test(name) && !name.includes('://') ? name : 'FILE';
  return new BackupError('NOT_A_SNAPSHOT', `${name} is ${known.what}, not a snapshot`, {
    path: name,
    hint: known.hint(file, head),
  });
}

/** What to say of a tar that a restore cannot take, because its first entry is not the manifest. */
export function withoutManifest(why: string): BackupError {
  return new BackupError('MANIFEST_MISSING', `the archive does not begin with manifest.json: ${why}`, {
    path: MANIFEST_PATH,
    hint: `Unpack it into a directory DIR. ${UNPACK}`,
  });
}
