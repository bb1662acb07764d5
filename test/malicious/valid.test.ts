import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterEach, describe, expect, test } from 'vitest';
import { readTree } from '../../fixtures/compare-trees.ts';
import { indexRow } from '../archives/entry.ts';
import { Sandbox } from './sandbox.ts';
import { HONEST_ARCHIVES, type Valid } from './valid.ts';

const TYPES = { f: 'file', d: 'directory', l: 'symlink', h: 'file' };

let sandbox: Sandbox | undefined;

afterEach(() => {
  sandbox?.remove();
  sandbox = undefined;
});

/** The archive's entries as they should be found, and as they are. */
function found({ entries }: Valid, target: string) {
  const tree = readTree(target);
  const wanted = entries.map((entry) => {
    const { size, link } = indexRow(entry);
    // Names of one file share what is not in the name.
    const same = entry.type === 'h' ? entries.find((other) => other.path === entry.link) : entry;
    return {
      path: entry.path,
      type: TYPES[entry.type],
      mode: entry.type === 'l' ? 0 : indexRow(same ?? entry).mode,
      mtime: same?.mtime ?? 1_770_000_000,
      ...(entry.type === 'l' ? { link } : {}),
      ...(entry.type === 'f' ? { size, content: indexRow(entry).sha256.toString('hex') } : {}),
    };
  });
  const actual = wanted.map(({ path }, at) => {
    const node = tree.get(path);
    const type = entries[at]?.type;
    return {
      path,
      type: node?.type,
      mode: node?.mode,
      mtime: Math.floor(Number((node?.mtimeNs ?? 0n) / 1000n) / 1e6),
      ...(type === 'l' ? { link: node?.content } : {}),
      ...(type === 'f' ? { size: node && lstatSync(join(target, path)).size, content: node?.content } : {}),
    };
  });
  const implied = new Set(
    entries.flatMap(({ path }) => path.split('/').map((_, at, all) => all.slice(0, at).join('/'))),
  );
  const known = new Set([...entries.map((entry) => entry.path), ...implied, '.']);
  return { wanted, actual, extra: [...tree.keys()].filter((path) => !known.has(path)) };
}

for (const form of ['sealed', 'foreign'] as const) {
  describe(`${form}, strange but valid`, () => {
    test.each(HONEST_ARCHIVES.filter((archive) => archive.form === form))('$name', async (archive) => {
      sandbox = new Sandbox(archive.bytes());
      const { valid, problems } = await verifySnapshot({ snapshot: sandbox.archive });
      expect({ valid, problems }).toEqual({ valid: true, problems: [] });

      const target = join(sandbox.root, 'restored');
      const result = await restoreBackup(new StateStore(target), sandbox.archive);
      expect(result.sealed).toBe(form === 'sealed');
      const { wanted, actual, extra } = found(archive, target);
      expect(actual).toEqual(wanted);
      expect(extra).toEqual([]);
      expect(sandbox.changes()).toEqual([]);
    });
  });
}
