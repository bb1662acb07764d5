import { readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { livenessOf, type ProcessIdentity, processIdentitySchema } from '../../state/process-identity.ts';
import { hiddenKind } from './artifact-names.ts';
import type { Place } from './place.ts';

const lockRecordSchema = z.extend(processIdentitySchema, {
  /** What the holder is doing, for people. */
  command: z.string(),
  since: z.string(),
});

export type LockRecord = z.infer<typeof lockRecordSchema>;

export interface LockHolder {
  /** The lock file. */
  path: string;
  /** Null when it could not be read. */
  record: LockRecord | null;
}

/**
 * A holder that cannot be looked at (another machine, another container) counts as dead when its file was not touched for so
 * long. Holders touch theirs every half minute.
 */
const SILENCE_MS = 10 * 60_000;

/** Writes a lock file whole: under another name first, so that nobody reads half of it. */
export function writeLockFile(path: string, record: LockRecord): void {
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(record)}\n`, { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
  } catch (error) {
    removeLockFile(temporary);
    throw error;
  }
}

export function removeLockFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove: then its holder is judged by whoever comes next.
  }
}

function parseRecord(text: string): LockRecord | null {
  try {
    return lockRecordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isAlive(path: string, record: LockRecord, here: ProcessIdentity, nowMs: number): boolean {
  const liveness = livenessOf(record, here);
  if (liveness !== 'elsewhere') return liveness === 'alive';
  return nowMs - statSync(path).mtimeMs < SILENCE_MS;
}

function lockFiles(place: Place, kind: 'lock' | 'lock-temporary'): string[] {
  let names: string[];
  try {
    names = readdirSync(place.directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
  return names.filter((name) => hiddenKind(name, place.names) === kind).map((name) => join(place.directory, name));
}

/**
 * The locks at `place` whose holders live, other than `own`; those of dead holders are removed.
 *
 * That is safe however many look at once, because the name of a lock file is never used again: who removes a dead one cannot hit
 * a live one that took its place. `nowMs` is the present as the file system's clock has it.
 */
export function findHolders(place: Place, here: ProcessIdentity, nowMs: number, own?: string): LockHolder[] {
  const holders: LockHolder[] = [];
  for (const path of lockFiles(place, 'lock')) {
    if (path === own) continue;
    try {
      const record = parseRecord(readFileSync(path, 'utf8'));
      // Written whole by a rename, a lock that does not parse is what a power cut left.
      if (record !== null && isAlive(path, record, here, nowMs)) holders.push({ path, record });
      else removeLockFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') holders.push({ path, record: null });
    }
  }
  return holders;
}

/** Removes lock files that were never finished. If one was about to be, its writer fails and tries again. */
export function clearUnfinishedLocks(place: Place): void {
  for (const path of lockFiles(place, 'lock-temporary')) removeLockFile(path);
}
