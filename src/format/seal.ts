import { readU64, writeU64 } from './bytes.ts';
import { FORMAT_VERSION, otherFormat } from './format-version.ts';
import { emptyMemberPayload, encodeEmptyMember } from './gzip-member.ts';

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
  /** SHA-256 of the root as it is in the index. */
  rootSha256: Uint8Array;
  /** SHA-256 of the first member of the file. */
  manifestSha256: Uint8Array;
}

const PAYLOAD = 97;
/** Length of the seal's member: the last bytes of every snapshot. */
export const SEAL_LENGTH = 124;

/** The seal as the member that ends a snapshot. */
export function encodeSeal(seal: Seal): Uint8Array {
  const payload = new Uint8Array(PAYLOAD);
  payload[0] = FORMAT_VERSION;
  writeU64(seal.snapshotLength, payload, 1);
  writeU64(seal.indexOffset, payload, 9);
  writeU64(seal.indexLength, payload, 17);
  writeU64(seal.rootLength, payload, 25);
  payload.set(seal.rootSha256, 33);
  payload.set(seal.manifestSha256, 65);
  return encodeEmptyMember('S', payload);
}

/**
 * Reads the last `SEAL_LENGTH` bytes of a file.
 *
 * @returns the seal, or null when they are no seal
 * @throws BackupError `FORMAT_VERSION` for a seal of another version
 */
export function parseSeal(bytes: Uint8Array): Seal | null {
  const payload = emptyMemberPayload(bytes, 'S', PAYLOAD);
  if (payload === null) return null;
  const version = payload[0] as number;
  if (version !== FORMAT_VERSION) throw otherFormat(version);
  return {
    snapshotLength: readU64(payload, 1),
    indexOffset: readU64(payload, 9),
    indexLength: readU64(payload, 17),
    rootLength: readU64(payload, 25),
    rootSha256: payload.slice(33, 65),
    manifestSha256: payload.slice(65, 97),
  };
}
