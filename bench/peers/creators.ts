import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from '../run/measure.ts';
import type { Contender } from '../run/rounds.ts';
import { missingPrograms } from './programs.ts';

/** The engine's name wherever figures stand. */
export const OURS = 'oxios-backup';

const NODE_TAR = fileURLToPath(new URL('./node-tar.mjs', import.meta.url));

/** What `tar | gzip` and the like need. */
export function pipeline(script: string, ...args: string[]): [string, ...string[]] {
  return ['bash', '-c', `set -o pipefail; ${script}`, 'bash', ...args];
}

/** Those who make a backup of `stateDir`, and lines about those who cannot because they are not installed. */
export function backupPeers(stateDir: string, workFolder: string): { contenders: Contender[]; skipped: string[] } {
  const archive = (name: string) => path.join(workFolder, name);
  const tarInto = (compressor: string, output: string) =>
    pipeline(`tar -cf - -C "$1" . | ${compressor} > "$2"`, stateDir, output);
  const candidates: { needs: readonly string[]; contender: Contender }[] = [
    {
      needs: ['bash', 'tar', 'gzip'],
      contender: {
        name: 'tar | gzip',
        argv: tarInto('gzip -6', archive('gzip.tar.gz')),
        output: archive('gzip.tar.gz'),
      },
    },
    {
      needs: ['bash', 'tar', 'pigz'],
      contender: {
        name: 'tar | pigz',
        argv: tarInto('pigz -6', archive('pigz.tar.gz')),
        output: archive('pigz.tar.gz'),
      },
    },
    {
      needs: ['bsdtar'],
      contender: {
        name: 'bsdtar -czf',
        argv: ['bsdtar', '-czf', archive('bsdtar.tar.gz'), '-C', stateDir, '.'],
        output: archive('bsdtar.tar.gz'),
      },
    },
    {
      needs: ['bash', 'tar', 'zstd'],
      contender: {
        name: 'tar | zstd -T2',
        argv: tarInto('zstd -q -T2', archive('tar.zst')),
        output: archive('tar.zst'),
      },
    },
    {
      needs: [],
      contender: {
        name: 'node-tar',
        argv: [process.execPath, NODE_TAR, stateDir, archive('node-tar.tar.gz')],
        output: archive('node-tar.tar.gz'),
      },
    },
    { needs: ['restic'], contender: restic(stateDir, archive('restic')) },
    { needs: ['borg'], contender: borg(stateDir, archive('borg')) },
  ];
  const skipped: string[] = [];
  const contenders = candidates.flatMap(({ needs, contender }) => {
    const missing = missingPrograms(needs);
    if (missing.length === 0) return [contender];
    skipped.push(`${contender.name}: ${missing.join(', ')} not installed`);
    return [];
  });
  return { contenders, skipped };
}

/** A fresh repository each time: nothing is there to be deduplicated against, but in a second run. */
export function restic(stateDir: string, output: string): Contender {
  const env = { RESTIC_PASSWORD: 'bench', RESTIC_REPOSITORY: output };
  return {
    name: 'restic',
    argv: ['restic', '--no-cache', '--quiet', 'backup', '.'],
    cwd: stateDir,
    env,
    output,
    prepare: async () => void (await measure({ argv: ['restic', '--no-cache', '--quiet', 'init'], env })),
  };
}

export function borg(stateDir: string, output: string): Contender {
  const base = `${output}-base`;
  const env = { BORG_REPO: output, BORG_BASE_DIR: base, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' };
  return {
    name: 'borg',
    argv: ['borg', 'create', '--compression', 'zlib,6', '::bench', '.'],
    cwd: stateDir,
    env,
    output,
    prepare: async () => void (await measure({ argv: ['borg', 'init', '--encryption', 'none'], env })),
    finish: () => rm(base, { recursive: true, force: true }),
  };
}
