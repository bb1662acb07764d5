import { createHash, randomBytes } from 'node:crypto';
import os from 'node:os';

/** What a running `create` puts beside its output: the snapshot in the making, and a directory for copies and the index. */
export type TemporaryKind = 'snapshot' | 'scratch';

const NAME = /^\.oxios-backup-(snapshot|scratch)-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}\.tmp$/;

/** Tells machines that share a file system apart, for a process number means something only on its own. */
const host = createHash('sha256').update(os.hostname()).digest('hex').slice(0, 8);

/** A name that no other process uses. */
export function temporaryName(kind: TemporaryKind): string {
  return `.oxios-backup-${kind}-${host}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
}

/** Whether a name is one of those, of any process: it belongs in no snapshot. */
export function isTemporaryName(name: string): boolean {
  return NAME.test(name);
}

/** The process of this machine that a temporary name belongs to, or null. */
export function temporaryOwner(name: string): number | null {
  const match = NAME.exec(name);
  return match !== null && match[2] === host ? Number(match[3]) : null;
}
