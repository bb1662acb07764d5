import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openReader } from '../../src/storage/open-reader.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

describe.runIf(process.platform !== 'win32')('a snapshot that comes through a FIFO', () => {
  function fifo(): string {
    const path = room.fresh('fifo');
    execFileSync('mkfifo', [path]);
    return path;
  }

  test('is waited for without holding up the rest, and taken in whole', async () => {
    const path = fifo();
    const content = Buffer.alloc(300_000, 'snapshot');
    const opening = openReader(path, { spoolDir: room.root });
    await fs.promises.writeFile(path, content);
    const source = await opening;
    try {
      expect(source.size).toBe(content.length);
      expect(Buffer.from(await source.read(0, source.size)).equals(content)).toBe(true);
    } finally {
      await source.close();
    }
  });

  test('that nobody writes to can be given up', async () => {
    const abort = new AbortController();
    const opening = openReader(fifo(), { spoolDir: room.root, signal: abort.signal });
    await setImmediate();
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
