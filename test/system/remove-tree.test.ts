import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describePlatform } from '../../src/system/platform.ts';
import { describeRemaining, findObstacle, hintFor, removeTree } from '../../src/system/remove-tree.ts';
import { noMounts } from '../state-dir/scenario.ts';
import { TEST_FOLDER } from '../test-folder.ts';
import { TempDir } from '../workroom.ts';
import { noEmptyProc, withoutProc } from './containers.ts';
import { noImmutable } from './immutable.ts';

const room = new TempDir();
let root: string;
let tree: string;

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-remove-'));
  tree = join(root, 'tree');
  mkdirSync(join(tree, 'a/deep'), { recursive: true });
  mkdirSync(join(tree, 'z'));
  for (const path of ['a/deep/x', 'a/y', 'z/file']) writeFileSync(join(tree, path), '12345');
});
afterEach(() => {
  spawnSync('umount', [join(tree, 'a/deep')]);
  spawnSync('chattr', ['-R', '-f', '-i', '-a', root]);
  rmSync(root, { recursive: true });
});

test('all of it goes, and is counted', async () => {
  chmodSync(join(tree, 'a/deep'), 0o000);
  expect(await findObstacle(tree)).toBeNull();
  expect(await removeTree(tree)).toEqual({ entries: 6, bytes: 15, remaining: [] });
  expect(readdirSync(root)).toEqual([]);
  expect(await removeTree(tree)).toEqual({ entries: 0, bytes: 0, remaining: [] });
});

test('what is to be done depends on the system', () => {
  const obstacle = { path: '/x', kind: 'immutable', reason: '' } as const;
  expect(hintFor(obstacle, describePlatform('linux', '6.1.0'))).toContain('chattr -i -a /x');
  expect(hintFor(obstacle, describePlatform('darwin', '23.6.0'))).toContain('chflags nouchg,nouappnd /x');
});

describe.skipIf(noMounts !== null)(`with something mounted in it${noMounts ?? ''}`, () => {
  const DEEP = () => join(tree, 'a/deep');
  const mounts: [what: string, mount: () => void][] = [
    ['a file system', () => execFileSync('mount', ['-t', 'tmpfs', 'none', DEEP()])],
    [
      'a directory of the same file system, which its device does not show',
      () => {
        mkdirSync(join(root, 'precious'));
        execFileSync('mount', ['--bind', join(root, 'precious'), DEEP()]);
      },
    ],
  ];

  test.each(mounts)('%s: it is found before, and never entered', async (_, mount) => {
    mount();
    writeFileSync(join(DEEP(), 'precious'), 'x');
    expect(await findObstacle(tree)).toMatchObject({ kind: 'mounted', path: DEEP() });
    const { remaining } = await removeTree(tree);
    expect(remaining).toEqual([{ path: DEEP(), kind: 'mounted', reason: `something is mounted at ${DEEP()}` }]);
    expect(readdirSync(DEEP())).toEqual(['precious']);
    expect(readdirSync(tree)).toEqual(['a']);
    expect(hintFor(remaining[0] as never)).toContain(`umount ${DEEP()}`);
  });

  test('a file', async () => {
    const file = join(tree, 'a/y');
    writeFileSync(join(root, 'precious'), 'x');
    execFileSync('mount', ['--bind', join(root, 'precious'), file]);
    expect(await findObstacle(tree)).toMatchObject({ kind: 'mounted', path: file });
    expect((await removeTree(tree)).remaining).toMatchObject([{ path: file, kind: 'mounted' }]);
    execFileSync('umount', [file]);
    expect(existsSync(join(root, 'precious'))).toBe(true);
  });

  test.skipIf(noEmptyProc !== null)('without /proc the device shows it', async () => {
    execFileSync('mount', ['-t', 'tmpfs', 'none', DEEP()]);
    writeFileSync(join(DEEP(), 'precious'), 'x');
    const program = room.path('remove.mjs');
    buildSync({
      stdin: {
        contents: `import { findObstacle, removeTree } from '../system/remove-tree.ts';
          const found = await findObstacle(process.argv[2]);
          console.log(JSON.stringify([found, await removeTree(process.argv[2])]));`,
        resolveDir: fileURLToPath(new URL('../../src/system', import.meta.url)),
        loader: 'ts',
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const [file, ...args] = withoutProc([process.execPath, program, tree]);
    const [found, { remaining }] = JSON.parse(execFileSync(file, args, { encoding: 'utf8' }));
    expect(found).toMatchObject({ kind: 'mounted', path: DEEP() });
    expect(remaining).toMatchObject([{ kind: 'mounted', path: DEEP() }]);
    expect(readdirSync(DEEP())).toEqual(['precious']);
  });
});

describe.skipIf(noImmutable !== null)(`with something immutable in it${noImmutable ?? ''}`, () => {
  test.each(['a/y', 'a/deep'])('%s: it is found before; all the rest goes', async (name) => {
    execFileSync('chattr', ['+i', join(tree, name)]);
    expect(await findObstacle(tree)).toMatchObject({ kind: 'immutable', path: join(tree, name) });
    const { remaining } = await removeTree(tree);
    expect(remaining).toHaveLength(1);
    expect(remaining[0]).toMatchObject({ kind: 'immutable' });
    expect(remaining[0]?.path).toContain(join(tree, name));
    expect(readdirSync(tree)).toEqual(['a']);
    execFileSync('chattr', ['-i', join(tree, name)]);
    expect((await removeTree(tree)).remaining).toEqual([]);
  });

  test('append-only: what the system does not say before stays, and is named', async () => {
    execFileSync('chattr', ['+a', join(tree, 'a/y')]);
    const { remaining } = await removeTree(tree);
    expect(describeRemaining(remaining)).toBe(`${join(tree, 'a/y')} is immutable, or another user's`);
    expect(readdirSync(tree)).toEqual(['a']);
  });
});

test('a file instead of a directory', async () => {
  expect((await removeTree(join(tree, 'a/y'))).remaining).toEqual([]);
  expect(readdirSync(join(tree, 'a'))).toEqual(['deep']);
});
