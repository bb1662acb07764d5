import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./limited.py', import.meta.url));
/** Debian's, for which its packages install modules. */
const PYTHON = '/usr/bin/python3';

/** What a file system lacks. */
export interface Lacks {
  /** System calls and what they answer: `{ link: 'EPERM' }`. Known: link, symlink, chmod, chown, utimens, fsync. */
  deny?: Record<string, string>;
  /** Characters that no name may have: answered with EINVAL, as FAT does. */
  forbidden?: string;
  /** Every mode reads as 0755, and times have whole seconds. */
  modeless?: boolean;
}

export interface LimitedFileSystem {
  /** Its root. */
  directory: string;
  unmount(): Promise<void>;
}

/** Why none can be mounted here; null if one can. */
export function whyNotLimited(): string | null {
  if (process.getuid?.() !== 0) return 'not root';
  return spawnSync(PYTHON, ['-c', 'import fuse; open("/dev/fuse").close()']).status === 0
    ? null
    : 'no FUSE (Debian: python3-fuse)';
}

/** Mounts one. */
export async function mountLimited({ deny = {}, forbidden = '', modeless = false }: Lacks): Promise<LimitedFileSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'oxios-limited-'));
  const [back, directory] = [join(folder, 'back'), join(folder, 'mounted')];
  mkdirSync(back);
  mkdirSync(directory);
  const server = spawn(PYTHON, [SCRIPT, directory, '-f', '-s', '-o', 'use_ino'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      BACK: back,
      DENY: Object.entries(deny)
        .map((rule) => rule.join(':'))
        .join(','),
      FORBIDDEN: forbidden,
      ...(modeless ? { MODELESS: '1' } : {}),
    },
  });
  while (!isMounted(directory)) {
    if (server.exitCode !== null) throw new Error('the file system did not start');
    await delay(20);
  }
  return {
    directory,
    async unmount() {
      spawnSync('umount', [directory]);
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isMounted(directory: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8').includes(` ${directory} `);
}

async function ended(server: ChildProcess): Promise<void> {
  while (server.exitCode === null && server.signalCode === null) await delay(20);
}
