import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
const PROGRAM = fileURLToPath(new URL('file-sink-program.ts', import.meta.url));
const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

/** Commits a file with "new" in it under the first of the names that is free, while "precious" takes those in `meanwhile`. */
function commit(names: string[], meanwhile: string[], links: boolean): { said: string; files: Record<string, string> } {
  const folder = fs.mkdtempSync(path.join(room.root, 'folder-'));
  const program = [process.execPath, '--import', 'tsx', PROGRAM, folder, names.join(), meanwhile.join()];
  // A file system without hard links (FAT, Android), as the system calls tell it.
  const words = links
    ? program
    : ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=link,linkat:error=EPERM', ...program];
  const { stdout, stderr } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' });
  expect(stderr).toBe('');
  const read = (name: string) => [name, fs.readFileSync(path.join(folder, name), 'utf8')];
  return { said: stdout.trim(), files: Object.fromEntries(fs.readdirSync(folder).map(read)) };
}

for (const links of [true, false]) {
  const possible = links || hasStrace;
  const what = `on a file system with${links ? '' : 'out'} hard links${possible ? '' : ' (skipped: no strace here)'}`;
  describe.skipIf(!possible)(what, () => {
    test('a file gets its name', () => {
      expect(commit(['one'], [], links)).toEqual({ said: 'one', files: { one: 'new' } });
    });

    test('what takes the name while the snapshot is made is never replaced', () => {
      expect(commit(['one'], ['one'], links)).toEqual({ said: 'OUTPUT_EXISTS', files: { one: 'precious' } });
    });

    test('of names that are made, one that is taken is passed over', () => {
      expect(commit(['one', 'two', 'three'], ['one', 'two'], links)).toEqual({
        said: 'three',
        files: { one: 'precious', two: 'precious', three: 'new' },
      });
    });
  });
}
