import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod/mini';

/** What tells a process from every other, also from a later one with the same number. */
export const processIdentitySchema = z.object({
  pid: z.int().check(z.positive()),
  /** Start time in clock ticks since boot; null where the system does not tell. */
  started: z.nullable(z.string()),
  /** Changes at each boot; null where the system does not tell. */
  boot_id: z.nullable(z.string()),
  /** Process numbers mean something within their namespace only (containers). */
  pid_namespace: z.nullable(z.string()),
  hostname: z.string(),
});

export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** `elsewhere`: on another machine or in another container, where this process cannot look. */
export type Liveness = 'alive' | 'dead' | 'elsewhere';

function tell<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

/** Fields of /proc/<pid>/stat behind the command's name, which may itself hold blanks and brackets; null if not to be had. */
export function processStat(pid: number): { state: string; parent: number; started: string } | null {
  const text = tell(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, started] = [fields?.[0], fields?.[1], fields?.[19]];
  if (state === undefined || parent === undefined || started === undefined) return null;
  return { state, parent: Number(parent), started };
}

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    started: processStat(process.pid)?.started ?? null,
    boot_id: tell(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    pid_namespace: tell(() => readlinkSync('/proc/self/ns/pid')),
    hostname: hostname(),
  };
}

/** Whether a process with this number runs; a zombie does not. */
export function isPidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return processStat(pid)?.state !== 'Z';
}

/** Whether the process of `identity` still runs, as far as `here` (this process) can see. */
export function livenessOf(identity: ProcessIdentity, here: ProcessIdentity): Liveness {
  if (identity.boot_id !== here.boot_id || identity.boot_id === null) {
    if (identity.hostname !== here.hostname) return 'elsewhere';
    // The same machine, started anew since.
    if (identity.boot_id !== here.boot_id) return 'dead';
  }
  if (identity.pid_namespace !== here.pid_namespace) return 'elsewhere';
  if (!isPidAlive(identity.pid)) return 'dead';
  const started = processStat(identity.pid)?.started ?? null;
  return started !== null && identity.started !== null && started !== identity.started ? 'dead' : 'alive';
}
