import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateTree } from '../../bench/generate.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'oxios-backup-generate-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('generateTree', () => {
  test('gives the same names, contents and times for the same seed', () => {
    const [first, second, other] = ['first', 'second', 'other'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    const made = generateTree(first, { files: 500, seed: 7 });
    expect(generateTree(second, { files: 500, seed: 7 })).toEqual(made);
    generateTree(other, { files: 500, seed: 8 });
    expect(digestTree(second)).toBe(digestTree(first));
    expect(digestTree(other)).not.toBe(digestTree(first));
  });

  test('makes as many files as asked, in every category, and JSON that parses', () => {
    const made = generateTree(folder, { files: 2000, seed: 1 });
    const files = listTree(folder).filter((name) => lstatSync(path.join(folder, name)).isFile());
    expect(files).toHaveLength(2000);
    expect(files.reduce((sum, name) => sum + lstatSync(path.join(folder, name)).size, 0)).toBe(made.bytes);
    expect(readdirSync(path.join(folder, 'memory')).sort()).toEqual([
      'conversations',
      'episodes',
      'facts',
      'knowledge',
      'sessions',
    ]);
    for (const name of files.filter((each) => each.endsWith('.json'))) {
      expect(() => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))).not.toThrow();
    }
  });
});

function listTree(root: string): string[] {
  return (readdirSync(root, { recursive: true }) as string[]).sort();
}

function digestTree(root: string): string {
  const hash = createHash('sha256');
  for (const name of ['', ...listTree(root)]) {
    const stats = lstatSync(path.join(root, name), { bigint: true });
    hash.update(`${name}\0${stats.mtimeNs}\0`);
    if (stats.isFile()) hash.update(readFileSync(path.join(root, name)));
  }
  return hash.digest('hex');
}
