import { fstatSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BLOCK } from '../format/entry.ts';
import { MEMBER_HEADER, memberLength } from '../format/gzip-member.ts';
import { isBackupManifest, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../format/manifest.ts';
import { MANIFEST_PATH } from '../format/path-rules.ts';
import { closeQuietly } from '../system/close-quietly.ts';
import { isSameDirectory } from '../system/file-key.ts';
import { stableHostName } from '../system/host-name.ts';
import { openRegular, readExactly } from './open-regular.ts';

/**
 * Whether a file is a snapshot that this program made, going by how it begins. Whether it is intact does not matter here.
 *
 * @returns false also for what cannot be read: it is then captured like any other file, or named
 */
export function isSnapshot(absolute: string): boolean {
  return withFile(absolute, (fd) => memberLength(head(fd), 'M') !== null) ?? false;
}

/**
 * Whether a file is a snapshot of this state directory on this machine, going by its manifest.
 *
 * @param root absolute path of the state directory
 * @param host what the run calls this machine; null for the host name
 */
export function isSnapshotOf(absolute: string, root: string, host: string | null): boolean {
  const source = withFile(absolute, readManifest)?.source;
  if (source === undefined || !isSameDirectory(source.state_dir, root)) return false;
  return source.hostname === host || source.hostname === stableHostName();
}

/** Whether a directory is a backup as Oxios itself makes it: a copy of its state with a manifest. */
export function isOxiosBackup(absolute: string): boolean {
  return withFile(`${absolute}/${MANIFEST_PATH}`, (fd) => isBackupManifest(readUpTo(fd, MAX_MANIFEST_BYTES))) ?? false;
}

function withFile<Result>(absolute: string, read: (fd: number) => Result): Result | null {
  let fd: number | null = null;
  try {
    fd = openRegular(absolute);
    return fstatSync(fd).isFile() ? read(fd) : null;
  } catch {
    // Gone, unreadable, or not what it seemed: none of ours.
    return null;
  } finally {
    if (fd !== null) closeQuietly(fd);
  }
}

function readManifest(fd: number): Manifest | null {
  const length = memberLength(head(fd), 'M');
  if (length === null || length > MAX_MANIFEST_BYTES) return null;
  const entry = gunzipSync(readUpTo(fd, length), { maxOutputLength: MAX_MANIFEST_BYTES });
  return parseManifest(entry.subarray(BLOCK));
}

function head(fd: number): Buffer {
  return readUpTo(fd, MEMBER_HEADER);
}

function readUpTo(fd: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readExactly(fd, bytes, 0, length, 0));
}
