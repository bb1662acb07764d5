import { lstatSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Exclusions } from '../../src/capture/exclusions.ts';
import { identityOf, monotonicMs, waitForTick } from '../../src/capture/file-state.ts';
import { PathGuard } from '../../src/capture/path-guard.ts';
import { readLiveFile } from '../../src/capture/read-file.ts';
import { scanStateDir } from '../../src/capture/scan.ts';
import { compileUserExcludes } from '../../src/patterns/excludes.ts';
import { temporaryFolder } from './collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder.path, 'state', 'sub'), { recursive: true });
  mkdirSync(join(folder.path, 'secret'));
  writeFileSync(join(folder.path, 'secret', 'key'), 'secret');
  writeFileSync(join(folder.path, 'state', 'sub', 'key'), 'harmless');
  // A link on the way to the state directory is the user's own.
  symlinkSync('state', join(folder.path, 'link'));
  root = `${join(folder.path, 'link')}/`;
});
afterEach(() => folder.remove());

function swapForLink(): void {
  renameSync(join(folder.path, 'state', 'sub'), join(folder.path, 'state', 'away'));
  symlinkSync('../secret', join(folder.path, 'state', 'sub'));
}

function read(change: () => void) {
  const absolute = `${root}sub/key`;
  const expect = identityOf(lstatSync(absolute, { bigint: true }));
  change();
  const source = { kind: 'live', absolute, expect, idleDatabase: false, mapped: false } as const;
  waitForTick(monotonicMs());
  return readLiveFile(source, Buffer.alloc(64), 0, { most: 64, place: new PathGuard(root) });
}

test.runIf(process.platform === 'linux')('a file is not read through a directory that became a link', () => {
  expect(read(swapForLink)).toEqual({ status: 'deleted', detail: 'something else took its place' });
});

test('a file that was replaced in its own directory is read', () => {
  const result = read(() => {
    writeFileSync(`${root}sub/new`, 'newer');
    renameSync(`${root}sub/new`, `${root}sub/key`);
  });
  expect(result).toMatchObject({ size: 5, replaced: { dev: expect.any(BigInt) } });
});

test('a directory that became a link before it was listed is named as missing or inconsistent, and nothing behind it is captured', () => {
  class Swapping extends Exclusions {
    override reasonFor(...of: Parameters<Exclusions['reasonFor']>): string | null {
      if (of[1] === 'sub') swapForLink();
      return super.reasonFor(...of);
    }
  }
  const incomplete: string[][] = [];
  const items = scanStateDir(root, {
    exclusions: new Swapping(compileUserExcludes([]), [], { root, folders: [], host: null }),
    report: { excluded() {}, notice() {}, incomplete: (...loss) => incomplete.push(loss) },
    isBackupManifest: () => false,
    onPinned() {},
    dryRun: false,
  });
  expect([...items].map(({ path }) => path)).toEqual([]);
  expect(incomplete).toEqual([['sub', 'deleted', 'something else took its place']]);
});
