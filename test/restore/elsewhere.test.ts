import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { directory, file, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const state = room.path('state');
const unpacked = room.path('unpacked');

beforeAll(async () => {
  buildWorkspace(state);
  await createBackup(new StateStore(state), room.path('sealed.tar.gz'));
  fs.mkdirSync(unpacked);
  run('tar', ['-xpzf', room.path('sealed.tar.gz'), '-C', unpacked]);
});

function run(command: string, args: string[], cwd = room.root): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

const PYTHON = `
import os, sys, tarfile
with tarfile.open(sys.argv[1], 'w:gz', format=getattr(tarfile, sys.argv[2] + '_FORMAT')) as archive:
    archive.add('manifest.json')
    for name in sorted(os.listdir('.')):
        if name != 'manifest.json':
            archive.add(name)
`;

const others = () => fs.readdirSync(unpacked).filter((name) => name !== 'manifest.json');

/** Ways to pack a directory by hand, as they write it to `output`. */
const packers: Record<string, { command: string; pack: (output: string) => void }> = {
  'GNU tar': {
    command: 'tar',
    pack: (output) => run('tar', ['-czf', output, 'manifest.json', ...others()], unpacked),
  },
  'GNU tar, pax': {
    command: 'tar',
    pack: (output) =>
      run('tar', ['--format=pax', '-czf', output, './manifest.json', ...others().map((name) => `./${name}`)], unpacked),
  },
  bsdtar: {
    command: 'bsdtar',
    pack: (output) => run('bsdtar', ['-czf', output, 'manifest.json', ...others()], unpacked),
  },
  'Python, GNU': { command: 'python3', pack: (output) => run('python3', ['-c', PYTHON, output, 'GNU'], unpacked) },
  'Python, pax': { command: 'python3', pack: (output) => run('python3', ['-c', PYTHON, output, 'PAX'], unpacked) },
};

/** Without times below the second where the packer keeps none. */
function wholeSeconds(tree: Map<string, TreeNode>): Map<string, TreeNode> {
  const rounded = new Map(
    [...tree].map(([path, node]) => [path, { ...node, mtimeNs: node.mtimeNs - (node.mtimeNs % 1_000_000_000n) }]),
  );
  // The top directory is what the unpacking made of it.
  rounded.delete('.');
  return rounded;
}

describe('an archive that was unpacked and packed again by hand', () => {
  for (const [name, { command, pack }] of Object.entries(packers)) {
    const there = spawnSync(command, ['--version']).status === 0;
    test.skipIf(!there)(`by ${name} restores, and is called foreign`, async () => {
      const archive = room.fresh('repacked');
      pack(archive);
      const verified = await verifySnapshot({ snapshot: archive });
      expect(verified).toMatchObject({ valid: true, sealed: false, problems: [] });
      const back = room.fresh('back');
      const restored = await restoreBackup(new StateStore(back), archive);
      expect(restored).toMatchObject({ sealed: false, complete: true });
      expect(compareTrees(wholeSeconds(readTree(state)), wholeSeconds(readTree(back)))).toEqual([]);
      expect(fs.existsSync(join(back, 'manifest.json'))).toBe(false);
    });

    test.skipIf(!there)(`by ${name} and then cut is refused`, async () => {
      const archive = room.fresh('repacked');
      pack(archive);
      const { size } = fs.statSync(archive);
      for (const length of [size - 1, size - 9, size >> 1, 100]) {
        fs.truncateSync(archive, length);
        expect((await verifySnapshot({ snapshot: archive })).valid).toBe(false);
        const back = room.fresh('back');
        await expect(restoreBackup(new StateStore(back), archive)).rejects.toMatchObject({ kind: 'invalid' });
        expect(fs.existsSync(back)).toBe(false);
      }
    });
  }
});

test('an archive that holds a link and not the directory that it lies in restores', async () => {
  const archive = room.path('partial.tar.gz');
  const entries = [directory('seeds'), file('seeds/a.json', '{}'), symlink('links/in', '../seeds/a.json')];
  fs.writeFileSync(archive, buildForeign(entries));
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), archive);
  expect(fs.readFileSync(join(back, 'links/in'), 'utf8')).toBe('{}');
  expect(fs.statSync(join(back, 'links')).mode & 0o777).toBe(0o777 & ~process.umask());
});
