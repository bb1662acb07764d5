import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PICTURE, recordTerminal } from '../../docs/record-terminal.ts';
import { shownLines } from '../../docs/terminal-screen.ts';

// BSD's knows other options.
const hasScript = spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0;

test.skipIf(!hasScript)(
  'the picture in the README is what the commands show (else: npx tsx docs/record-terminal.ts)',
  async () => {
    expect(await recordTerminal()).toBe(readFileSync(PICTURE, 'utf8'));
  },
);

test('a screen shows the last form of a line that is redrawn', () => {
  expect(shownLines('\u001b[1G\u001b[0Kchecking\u001b[1G\u001b[2Kvalid\r\n  all\r\n')).toEqual(['valid', '  all']);
  expect(shownLines('longer\u001b[1Gshort')).toEqual(['shortr']);
  expect(() => shownLines('\u001b[31mred')).toThrow('not understood');
});
