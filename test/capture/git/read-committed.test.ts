import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readCommitted } from '../../../src/capture/git/read-committed.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();

test('a log that is being appended to is read as it is between two lines', async () => {
  const log = room.path('HEAD');
  const line = `${'0'.repeat(99)}\n`;
  const script = `
import sys, time
log = open(sys.argv[1], 'ab', buffering=0)
while True:
    log.write(sys.argv[2].encode())
    if log.tell() == 1000: print('ready', flush=True)
    time.sleep(0.0005)
`;
  const writer = spawn('python3', ['-c', script, log, line], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(writer.stdout, 'data');
    for (let i = 0; i < 2000; i++) {
      const read = readCommitted(log);
      if (read === null || !('bytes' in read)) throw new Error(`reading ${i}: ${JSON.stringify(read)}`);
      expect(read.bytes.length % line.length).toBe(0);
    }
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
});
