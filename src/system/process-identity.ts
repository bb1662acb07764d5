import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { askSystem } from './ask-system.ts';
import { attempt } from './attempt.ts';
import { stableHostName } from './host-name.ts';
import { HERE, type Platform } from './platform.ts';
import { processFacts } from './processes.ts';

/**
 * What distinguishes a process from every other one, short enough for a file name. Of two identities each part can be compared; a part that the
 * system did not show is null.
 */
export interface ProcessIdentity {
  /** Machine, by a digest of its name. */
  host: string;
  /** Run of the kernel: another one after each boot. */
  boot: string | null;
  /** Within which process numbers mean something (containers), by its inode. Null on Linux without /proc, and on systems that have none. */
  namespace: string | null;
  pid: number;
  /** Start of the process. */
  started: string | null;
}

/** Inode of the namespace that a Linux machine begins with: the same number on all of them. */
const FIRST_NAMESPACE = '4026531836';

const PART = '(-|[0-9a-f]{8})';
const IDENTITY = new RegExp(`^([0-9a-f]{8})\\.${PART}\\.(-|\\d{1,20})\\.(\\d{1,10})\\.${PART}$`);

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function digestOrNull(text: string | null | undefined): string | null {
  return text ? digest(text) : null;
}

function bootOf({ processesFrom, bootNames }: Platform): string | null {
  if (processesFrom === 'proc') return attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  for (const name of bootNames) {
    const answer = askSystem('sysctl', ['-n', name]);
    if (answer?.status === 0 && answer.stdout.trim() !== '') return answer.stdout.trim();
  }
  return null;
}

const known = new Map<Platform, ProcessIdentity>();

/** The identity of this process. */
export function ownIdentity(platform: Platform = HERE): ProcessIdentity {
  let own = known.get(platform);
  if (own === undefined) {
    const link = platform.hasPidNamespaces ? attempt(() => readlinkSync('/proc/self/ns/pid')) : null;
    own = {
      host: digest(stableHostName(platform)),
      boot: digestOrNull(bootOf(platform)),
      namespace: /\d+/.exec(link ?? '')?.[0] ?? null,
      pid: process.pid,
      started: digestOrNull(processFacts(process.pid, platform)?.started),
    };
    known.set(platform, own);
  }
  return own;
}

/** Whether a process with the number and the start of `identity` can be one that was started at `started`, as the system shows it. */
export function startedAt(identity: ProcessIdentity, started: string): boolean {
  return identity.started === null || identity.started === digest(started);
}

/** Whether both run where a machine begins, so in no container: there the name of a machine is its own. */
export function areInNoContainer(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.namespace === b.namespace && a.namespace === FIRST_NAMESPACE;
}

/** Whether processes elsewhere may see nothing of the process but its number: it runs in a container, or the system does not show. */
export function isHidden({ boot, namespace }: ProcessIdentity, platform: Platform = HERE): boolean {
  return platform.hasPidNamespaces && (boot === null || namespace !== FIRST_NAMESPACE);
}

/** As text without `/`, `_` and blanks, of at most 60 characters. */
export function formatIdentity({ host, boot, namespace, pid, started }: ProcessIdentity): string {
  return [host, boot ?? '-', namespace ?? '-', pid, started ?? '-'].join('.');
}

/** Reads what `formatIdentity` wrote; null if it is nothing of that kind. */
export function parseIdentity(text: string): ProcessIdentity | null {
  const [, host, boot, namespace, pid, started] = IDENTITY.exec(text) ?? [];
  if (host === undefined) return null;
  const known = (part: string | undefined) => (part === undefined || part === '-' ? null : part);
  return { host, boot: known(boot), namespace: known(namespace), pid: Number(pid), started: known(started) };
}
