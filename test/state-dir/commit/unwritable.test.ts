/** Folders that their owner may not write, at the top of a volume: where the swap goes child by child, and the one who restores is not root. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, StateStore } from 'oxios-backup';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { compareTrees, readTree, type TreeNode } from '../../../fixtures/compare-trees.ts';
import { MAIN } from '../../cli/command-line.ts';
import { AS_NOBODY, canBeNobody, NOBODY } from '../../nobody.ts';
import { TempDir } from '../../workroom.ts';
import { hasStrace } from '../traced.ts';

const room = new TempDir();
const volume = room.path('volume');
const snapshot = room.path('snapshot.tar.gz');
const source = room.path('source');

const canMount =
  canBeNobody &&
  (() => {
    fs.mkdirSync(volume);
    const mounted = mount();
    if (mounted) spawnSync('umount', [volume]);
    return mounted;
  })();
const reason = canMount ? '' : ' (skipped: not root, no mount or setpriv, or no Node for any user)';

function mount(): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `uid=${NOBODY},gid=${NOBODY}`, 'none', volume]).status === 0;
}

beforeAll(async () => {
  // A module cache of Go is of this kind.
  fs.mkdirSync(join(source, 'mod/deep'), { recursive: true });
  fs.writeFileSync(join(source, 'mod/deep/go.mod'), 'module new');
  fs.writeFileSync(join(source, 'a.json'), '{"new":true}');
  fs.chmodSync(join(source, 'mod/deep'), 0o555);
  fs.chmodSync(join(source, 'mod'), 0o555);
  await createBackup(new StateStore(source), snapshot);
  fs.chmodSync(snapshot, 0o644);
  fs.chmodSync(room.root, 0o755);
});

afterEach(() => {
  spawnSync('umount', ['-l', volume]);
});

function asNobody(words: string[], before: string[] = []): { status: number | null; stderr: string } {
  const [command, ...rest] = [...before, ...AS_NOBODY, process.execPath, MAIN, ...words, '--state-dir', volume];
  return spawnSync(command as string, rest, { cwd: '/', encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } });
}

/** The state directory, without what is kept in it. */
function live(): Map<string, TreeNode> {
  const tree = readTree(volume);
  for (const path of tree.keys()) if (path === '.' || path.startsWith('.oxios-backup')) tree.delete(path);
  return tree;
}

const restored = () => {
  const tree = readTree(source);
  tree.delete('.');
  return tree;
};

/** Something of the same names that is there before, with other modes. */
function fillWithOld(): Map<string, TreeNode> {
  const script = `mkdir -p mod/old && echo old > mod/old/f && chmod 500 mod/old && chmod 511 mod && mkdir ro && chmod 555 ro && echo '{}' > a.json`;
  const [command, ...options] = AS_NOBODY;
  spawnSync(command, [...options, 'sh', '-c', script], { cwd: volume });
  return live();
}

test.skipIf(!canMount)(`they come, go, come back and are removed, with their modes${reason}`, () => {
  mount();
  expect(asNobody(['restore', snapshot])).toMatchObject({ status: 0, stderr: '' });
  expect(compareTrees(restored(), live())).toEqual([]);
  spawnSync('umount', [volume]);
  mount();
  const old = fillWithOld();
  expect(old.get('mod')?.mode).toBe(0o511);
  expect(asNobody(['restore', snapshot, '--replace'])).toMatchObject({ status: 0, stderr: '' });
  expect(compareTrees(restored(), live())).toEqual([]);
  expect(asNobody(['undo'])).toMatchObject({ status: 0, stderr: '' });
  expect(compareTrees(old, live())).toEqual([]);
  expect(asNobody(['restore', snapshot, '--merge'])).toMatchObject({ status: 0, stderr: '' });
  expect(live().get('mod')?.mode).toBe(0o555);
  expect(asNobody(['undo', '--discard', '--all'])).toMatchObject({ status: 0, stderr: '' });
  expect(fs.existsSync(join(volume, '.oxios-backup'))).toBe(false);
});

test.skipIf(!canMount || !hasStrace)(
  `killed at any change of a mode, a recovery gives one of the two trees with all its modes${reason}`,
  () => {
    const seen = new Set<string>();
    for (let n = 1, killed = true; killed; n++) {
      mount();
      const old = fillWithOld();
      const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=chmod,fchmodat:signal=KILL:when=${n}`];
      const { status, stderr } = asNobody(['restore', snapshot, '--replace', '--threads', '1'], strace);
      killed = status !== 0;
      if (killed) expect(stderr).toBe('');
      expect(asNobody(['recover'])).toMatchObject({ status: 0 });
      const now = live();
      const isOld = compareTrees(old, now).length === 0;
      if (!isOld) expect(compareTrees(restored(), now)).toEqual([]);
      seen.add(isOld ? 'old' : 'new');
      spawnSync('umount', [volume]);
    }
    expect([...seen].sort()).toEqual(['new', 'old']);
  },
);
