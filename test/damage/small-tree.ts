import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Every kind of entry, in as few bytes as can be. */
export function buildSmallTree(root: string): void {
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  write('seeds/a.json', '{"a":1}');
  write('memory/facts/łódź.json', JSON.stringify({ list: Array.from({ length: 60 }, (_, i) => i * i) }));
  write(`notes/${'long-'.repeat(25)}.md`, '# Long\n');
  write('empty.md', '');
  mkdirSync(join(root, 'projects'));
  symlinkSync('seeds/a.json', join(root, 'link'));
  linkSync(join(root, 'seeds/a.json'), join(root, 'seeds/b.json'));
  chmodSync(join(root, 'empty.md'), 0o600);
  const time = 1_770_000_000.25;
  for (const path of ['seeds/a.json', 'memory/facts/łódź.json', 'empty.md', 'link', 'projects', 'seeds', '.'])
    lutimesSync(join(root, path), time, time);
}

/** Of `length` bytes, the same for the same seed, hardly compressible. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A tree whose snapshot has members of every sort: several of small files, a large file's pieces. */
export function buildLargerTree(root: string, seed = 1): void {
  buildSmallTree(root);
  mkdirSync(join(root, 'sessions'));
  for (let i = 0; i < 40; i++) writeFileSync(join(root, `sessions/${i}.json`), noise(100_000, seed * 1000 + i));
  writeFileSync(join(root, 'assets.bin'), noise(2 ** 20 * 3 + 77, seed));
}
