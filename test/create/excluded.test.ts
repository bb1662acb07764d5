import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createBackup, diffSnapshots, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const main = new URL('../../dist/main.js', import.meta.url).pathname;
const hasStrace = spawnSync('strace', ['-V']).status === 0;

function put(state: string, path: string, content = 'x'): void {
  fs.mkdirSync(join(state, path, '..'), { recursive: true });
  fs.writeFileSync(join(state, path), content);
}

/** A state directory with something excluded at every place where somebody would look. */
function stateWithExcluded(): string {
  const state = room.fresh('state');
  put(state, 'sessions/a.json', '{}');
  put(state, 'seeds/EXCLUDED-folder/a.json', '{}');
  put(state, 'EXCLUDED-database');
  execFileSync('python3', ['-c', DATABASE, join(state, 'EXCLUDED-database')]);
  execFileSync('python3', ['-c', DATABASE, join(state, 'kept-database')]);
  fs.linkSync(join(state, 'kept-database'), join(state, 'other-name'));
  put(state, 'backups/EXCLUDED-backup/manifest.json', '{}');
  put(state, 'backups/kept.json');
  const git = (...args: string[]) => execFileSync('git', args, { cwd: state, stdio: 'ignore' });
  git('init', '-q');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-q', '--allow-empty', '-m', 'one');
  put(state, '.git/refs/heads/EXCLUDED-branch', '0123456789012345678901234567890123456789');
  put(state, '.git/hooks/EXCLUDED-hook');
  put(state, '.git/objects/info/EXCLUDED-info');
  put(state, '.git/objects/pack/EXCLUDED-pack.idx');
  put(state, '.git/objects/pack/EXCLUDED-pack.pack');
  return state;
}

const DATABASE = `import sqlite3, sys
open(sys.argv[1], 'w').close()
sqlite3.connect(sys.argv[1]).execute('create table t(x)').connection.close()`;

test.skipIf(!hasStrace)('what is excluded is never opened, listed or looked at (needs strace)', () => {
  const state = stateWithExcluded();
  for (const [name, args] of Object.entries({
    file: ['create', room.fresh('out.tar.gz')],
    pipe: ['create', '-'],
    plan: ['create', '--dry-run'],
  })) {
    const log = room.fresh('trace');
    const traced = ['-f', '-qq', '-e', 'trace=%file,getdents64', '-o', log, process.execPath, main, ...args];
    const { status } = spawnSync('strace', [...traced, '--state-dir', state, '--exclude', 'EXCLUDED-*'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, OXIOS_VERSION: '1' },
    });
    expect([name, status]).toEqual([name, 0]);
    const calls = fs.readFileSync(log, 'utf8');
    expect(calls).toContain('sessions/a.json');
    // The arguments of the command itself have the name, too.
    const touched = calls.split('\n').filter((line) => line.includes('EXCLUDED-') && !line.includes('execve('));
    expect([name, touched]).toEqual([name, []]);
  }
});

test('a stream does not look into an excluded section, nor fail at one that cannot be listed', async () => {
  const state = room.fresh('state');
  put(state, 'sessions/a.json', '{}');
  put(state, 'seeds', 'a file where a folder should be');
  const output = new PassThrough();
  output.resume();
  const { complete, manifest } = await createBackup(new StateStore(state), output, { excludes: ['memory/'] });
  expect([complete, manifest.sections]).toEqual([true, [{ name: 'sessions', entry_count: 1 }]]);
});

test.each([undefined, 'a-name-for-containers'])(
  'snapshots that were made in the state directory do not go into the next, host: %s',
  async (host) => {
    const state = room.fresh('state');
    put(state, 'sessions/a.json', '{}');
    for (let i = 0; i < 3; i++) {
      const notices: string[] = [];
      const { totals, excluded, output } = await createBackup(
        new StateStore(state),
        { folder: state },
        {
          ...(host !== undefined && { host }),
          onEvent: (event) => {
            if (event.type === 'notice') notices.push(event.message);
          },
        },
      );
      expect(totals.entries).toBe(2);
      expect(excluded.filter(({ reason }) => reason === 'a snapshot of this state directory')).toHaveLength(i);
      expect(notices.filter((message) => message.includes('excluded'))).toHaveLength(i === 0 ? 0 : 1);
      expect(await diffSnapshots({ before: output, after: state })).toMatchObject({ same: true });
    }
  },
);
