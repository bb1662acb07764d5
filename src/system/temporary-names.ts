import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Mark } from './liveness.ts';
import { formatIdentity, ownIdentity, parseIdentity } from './process-identity.ts';

/** What a running `create` puts beside its output: the snapshot in the making, and a directory for copies and the index. */
export type TemporaryKind = 'snapshot' | 'scratch';

/** `held`: the owner has a lock of the kernel on it for as long as it lives. */
const NAME = /^\.oxios-backup-(snapshot|scratch)-([^_/]{1,80})-[0-9a-f]{8}(\.held)?\.tmp$/;

/** A name that no other process uses. It says whose it is, so that there is nothing beside it to be lost. */
export function temporaryName(kind: TemporaryKind): string {
  return `.oxios-backup-${kind}-${formatIdentity(ownIdentity())}-${randomBytes(4).toString('hex')}.tmp`;
}

/** The name for the same thing once a lock of the kernel is held on it. */
export function heldName(temporary: string): string {
  return temporary.replace(/\.tmp$/, '.held.tmp');
}

/** What a name is for, if it is one of those, of any process; else null. */
export function temporaryKind(name: string): TemporaryKind | null {
  return parseMark(name) === null ? null : ((NAME.exec(name)?.[1] as TemporaryKind | undefined) ?? null);
}

function parseMark(name: string): Omit<Mark, 'path'> | null {
  const match = NAME.exec(name);
  const owner = match?.[2] === undefined ? null : parseIdentity(match[2]);
  return owner === null ? null : { owner, isHeld: match?.[3] !== undefined };
}

/** Whose a temporary is, by its path; null if it is none. */
export function temporaryMark(directory: string, name: string): Mark | null {
  const mark = parseMark(basename(name));
  return mark === null ? null : { path: join(directory, name), ...mark };
}
