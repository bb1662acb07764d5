import { FORMAT_VERSION, otherFormat } from './format-version.ts';
import { encodeEmptyMember } from './gzip-member.ts';

/** What the last member of a snapshot says. Offsets and lengths in bytes. */
export interface Seal {
  /** Length of the whole snapshot, the seal included. */
  snapshotLength: number;
  /** Where in the file the index begins. */
  indexOffset: number;
  /** Length of the index, its framing not counted. */
  indexLength: number;
  /** Length of the root, which ends the index. */
  rootLength: number;
  /** SHA-256 of the root as it stands in the index. */
  rootSha256: Buffer;
  /** SHA-256 of the first member of the file. */
  manifestSha256: Buffer;
}

const PAYLOAD = 97;
/** Length of the seal's member: the last bytes of every snapshot. */
export const SEAL_LENGTH = 124;

/** The seal as the member that ends a snapshot. */
export function encodeSeal(seal: Seal): Buffer {
  const payload = Buffer.alloc(PAYLOAD);
  payload.writeUInt8(FORMAT_VERSION, 0);
  payload.writeBigUInt64LE(BigInt(seal.snapshotLength), 1);
  payload.writeBigUInt64LE(BigInt(seal.indexOffset), 9);
  payload.writeBigUInt64LE(BigInt(seal.indexLength), 17);
  payload.writeBigUInt64LE(BigInt(seal.rootLength), 25);
  seal.rootSha256.copy(payload, 33);
  seal.manifestSha256.copy(payload, 65);
  return encodeEmptyMember('S', payload);
}

/**
 * Reads the last `SEAL_LENGTH` bytes of a file.
 *
 * @returns the seal, or null when they are no seal
 * @throws BackupError `FORMAT_VERSION` for a seal of another version
 */
export function parseSeal(bytes: Buffer): Seal | null {
  if (bytes.length !== SEAL_LENGTH) return null;
  const payload = bytes.subarray(17, 17 + PAYLOAD);
  if (!bytes.equals(encodeEmptyMember('S', payload))) return null;
  const version = payload.readUInt8(0);
  if (version !== FORMAT_VERSION) throw otherFormat(version);
  const number = (offset: number) => Number(payload.readBigUInt64LE(offset));
  return {
    snapshotLength: number(1),
    indexOffset: number(9),
    indexLength: number(17),
    rootLength: number(25),
    rootSha256: Buffer.from(payload.subarray(33, 65)),
    manifestSha256: Buffer.from(payload.subarray(65, 97)),
  };
}
