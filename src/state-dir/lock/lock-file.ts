import { closeSync, openSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { OperationOptions } from '../../events.ts';
import { holdLock } from '../../system/kernel-lock.ts';
import { type Mark, usageOf } from '../../system/liveness.ts';
import { isHidden, ownIdentity, parseIdentity } from '../../system/process-identity.ts';
import { hiddenKind } from '../artifact-names.ts';
import { asSpelled, type Location } from '../location.ts';

const lockRecordSchema = z.object({
  /** Who holds it, to be distinguished from every other process. */
  owner: z.string(),
  /** Whether the owner has a lock of the kernel on this file for as long as it lives. */
  held: z.boolean(),
  // For people: who holds it, what it is doing, and since when.
  pid: z.int().check(z.positive()),
  hostname: z.string(),
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
 * Writes a lock file whole: under another name first, so that nobody reads half of it.
 *
 * @returns the descriptor by which a lock of the kernel is held on it, if there is one; null if a holder removed the file before it was finished
 */
export function writeLockFile(path: string, record: Omit<LockRecord, 'held'>): { held: number | null } | null {
  const temporary = `${path}.tmp`;
  // Not opened again: a file system that is served may show it as missing for a moment.
  let made: number | null = openSync(temporary, 'wx', 0o644);
  let held: number | null = null;
  try {
    // Others can look at this process by its number, but not into a container.
    if (isHidden(ownIdentity())) {
      // Before it is locked: on NFS, closing any descriptor of a file ends the locks of the process on it.
      closeSync(made);
      made = null;
      held = holdLock(temporary, false);
      made = held ?? openSync(temporary, 'r+');
    }
    writeFileSync(made, `${JSON.stringify({ ...record, held: held !== null } satisfies LockRecord)}\n`);
    if (held === null) closeSync(made);
    made = held;
    renameSync(temporary, path);
    return { held };
  } catch (error) {
    if (made !== null) closeSync(made);
    removeLockFile(temporary);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export function removeLockFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove: then the next run checks whether its holder still runs.
  }
}

function parseRecord(text: string): { record: LockRecord; mark: Omit<Mark, 'path'> } | null {
  try {
    const record = lockRecordSchema.parse(JSON.parse(text));
    const owner = parseIdentity(record.owner);
    return owner === null ? null : { record, mark: { owner, isHeld: record.held } };
  } catch {
    return null;
  }
}

function lockFiles(location: Location, kind: 'lock' | 'lock-temporary'): string[] {
  let names: string[];
  try {
    names = readdirSync(location.directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
  return names
    .filter((name) => hiddenKind(asSpelled(location, name) ?? name, location.names) === kind)
    .map((name) => join(location.directory, name));
}

/**
 * The locks at `location` whose holders live, other than `own`; those of dead holders are removed, and so are, with a notice, those whose
 * holders nobody can look at and who gave no sign of life for a day.
 *
 * That is safe however many look at once, because the name of a lock file is never used again: removing a dead one cannot hit
 * a live one that took its place. `nowMs` is the present as the file system's clock has it.
 */
export function findHolders(
  location: Location,
  nowMs: number,
  { own, onEvent }: { own?: string } & Pick<OperationOptions, 'onEvent'> = {},
): LockHolder[] {
  const holders: LockHolder[] = [];
  for (const path of lockFiles(location, 'lock')) {
    if (path === own) continue;
    try {
      const parsed = parseRecord(readFileSync(path, 'utf8'));
      // Written whole by a rename, a lock that does not parse is what a power cut left.
      const usage = parsed === null ? 'dead' : usageOf({ path, ...parsed.mark }, nowMs);
      if (parsed !== null && usage === 'in-use') {
        holders.push({ path, record: parsed.record });
        continue;
      }
      removeLockFile(path);
      if (parsed !== null && usage === 'silent') onEvent?.({ type: 'notice', path, message: silent(parsed.record) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') holders.push({ path, record: null });
    }
  }
  return holders;
}

function silent({ pid, hostname, command }: LockRecord): string {
  return `the lock of process ${pid} on ${hostname} (${command}) was removed: it gave no sign of life for a day`;
}

/** Removes lock files that were never finished. If one was about to be, its writer fails and tries again. */
export function clearUnfinishedLocks(location: Location): void {
  for (const path of lockFiles(location, 'lock-temporary')) removeLockFile(path);
}
