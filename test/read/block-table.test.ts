import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { describe, expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const SCRIPT = fileURLToPath(new URL('./block-table-scale.ts', import.meta.url));
const LONG_FORM = process.env.OXIOS_TORTURE === '1';
/** What Node and the compiler of TypeScript take is in it. */
const MOST_MB = 300;
const TIMEOUT_MS = LONG_FORM ? 3_600_000 : 120_000;

/** Writes and reads the index of so many files. */
async function measure(kind: 'large' | 'small', count: number) {
  const folder = room.fresh(`${kind}-${count}`);
  await mkdir(folder);
  const { stdout } = await execaNode(SCRIPT, [folder, kind, String(count)], { nodeOptions: ['--import', 'tsx'] });
  return JSON.parse(stdout);
}

describe('an index is written and read a page at a time', () => {
  test(
    'of files of 8 MiB, of which each has a block',
    async () => {
      const count = LONG_FORM ? 2_000_000 : 10_000;
      const result = await measure('large', count);
      expect(result).toMatchObject({
        problems: [],
        entries: count,
        blocks: count,
        pages: Math.ceil(count / 4096),
        found: true,
      });
      expect(result.headerBytes).toBeLessThan(1000 + 300 * result.pages);
      expect(result.peakMb).toBeLessThan(MOST_MB);
    },
    TIMEOUT_MS,
  );

  test(
    'of small files',
    async () => {
      const count = LONG_FORM ? 20_000_000 : 100_000;
      const result = await measure('small', count);
      expect(result).toMatchObject({ problems: [], entries: count, found: true });
      expect(result.peakMb).toBeLessThan(MOST_MB);
    },
    TIMEOUT_MS,
  );
});
