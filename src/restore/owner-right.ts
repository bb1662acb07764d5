import fs from 'node:fs';
import { BackupError } from '../errors.ts';

const CAP_CHOWN = 1n;

/**
 * Whether this process may give files to others: on Linux by its capabilities, which root in a container need not have and others may;
 * elsewhere as root. True where files have no owners in numbers.
 */
export function mayGiveOwners(): boolean {
  const user = process.geteuid?.();
  if (user === undefined) return true;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(ownStatus())?.[1];
  return effective === undefined ? user === 0 : (BigInt(`0x${effective}`) & CAP_CHOWN) !== 0n;
}

function ownStatus(): string {
  try {
    return fs.readFileSync('/proc/self/status', 'latin1');
  } catch {
    // Not Linux, or without /proc.
    return '';
  }
}

export function ownersError(): BackupError {
  return new BackupError('USAGE', 'this user cannot give files to other owners', {
    hint: 'Restore as root (in a container: with the capability CHOWN), or without `sameOwner`: then everything belongs to you.',
  });
}
