import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterEach, describe, expect, test } from 'vitest';
import { carrying } from './attack.ts';
import { EXTERNAL_LINKS } from './links.ts';
import { Sandbox } from './sandbox.ts';

let sandbox: Sandbox | undefined;

afterEach(() => {
  sandbox?.remove();
  sandbox = undefined;
});

/** The links that lead out are those named so; the others only show the way. */
const LEADING_OUT = /(^|\/)(evil|hop2)$/;

for (const form of ['sealed', 'foreign'] as const) {
  describe(`${form}: links that lead out, on request`, () => {
    test.each(Object.entries(EXTERNAL_LINKS))('%s', async (_name, entries) => {
      sandbox = new Sandbox(carrying(entries)[form]());
      const { archive, root } = sandbox;
      const out = entries.filter(({ path }) => LEADING_OUT.test(path)).map(({ path }) => path);
      const links = entries.filter(({ type }) => type === 'l');

      const { externalLinks } = await verifySnapshot({ snapshot: archive, threads: 1 });
      expect([...externalLinks].sort()).toEqual([...out].sort());

      const kept = join(root, 'kept');
      await restoreBackup(new StateStore(kept), archive, { externalLinks: 'keep', threads: 1 });
      for (const { path, link } of links) expect(readlinkSync(join(kept, path))).toBe(link);

      const skipped = join(root, 'skipped');
      const result = await restoreBackup(new StateStore(skipped), archive, { externalLinks: 'skip', threads: 1 });
      expect([...result.skippedLinks].sort()).toEqual([...out].sort());
      expect(result.complete).toBe(false);
      for (const { path } of links) {
        const stat = lstatSync(join(skipped, path), { throwIfNoEntry: false });
        expect({ path, there: stat !== undefined }).toEqual({ path, there: !out.includes(path) });
      }
      expect(sandbox.changes()).toEqual([]);
    });
  });
}
