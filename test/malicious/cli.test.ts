import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, test } from 'vitest';
import { exitStatusOf } from '../../src/cli/exit-status.ts';
import { file } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { BASE, carrying } from './attack.ts';
import { Sandbox } from './sandbox.ts';
import { VECTORS } from './vectors.ts';

const COMMAND = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const run = (...words: string[]) =>
  execa(process.execPath, [COMMAND, ...words], { reject: false, stripFinalNewline: false, env: { NO_COLOR: '1' } });

/** Every so many, so that all families and both forms have their turn. */
const SAMPLE = VECTORS.filter((_, at) => at % 24 === 7);

let sandbox: Sandbox | undefined;

afterEach(() => {
  sandbox?.remove();
  sandbox = undefined;
});

/** What happened and what to do, in a line each; nothing of the program's inside. */
function expectPlain(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at |node:internal|file:\/\/|\u001b/m);
  expect(stderr.trimEnd().split('\n').length).toBeGreaterThanOrEqual(2);
}

describe('the command, on a malicious archive', () => {
  test.each(SAMPLE)('$form: $name', async (vector) => {
    sandbox = new Sandbox(vector.bytes());
    const verified = await run('verify', sandbox.archive);
    expect(verified.exitCode).toBe(vector.verify === 'accepted' ? 0 : 4);
    if (vector.verify !== 'accepted') expectPlain(`${verified.stdout}${verified.stderr}`);

    const restored = await run('restore', sandbox.archive, '--state-dir', sandbox.target, '--replace');
    expect(restored.exitCode).toBe(exitStatusOf(vector.restore));
    expectPlain(restored.stderr);
    expect(sandbox.changes()).toEqual([]);
  });

  test('from a pipe', async () => {
    const { bytes } = VECTORS.find(({ name, form }) => name === 'parent at the start' && form === 'foreign') ?? {};
    sandbox = new Sandbox(bytes?.() ?? Buffer.alloc(0));
    const words = [COMMAND, 'restore', '-', '--state-dir', sandbox.target, '--replace'];
    const restored = await execa(process.execPath, words, { reject: false, inputFile: sandbox.archive });
    expect(restored.exitCode).toBe(4);
    expectPlain(restored.stderr);
    expect(sandbox.changes()).toEqual([]);
  });
});

describe('the command, where names and versions hold escape sequences', () => {
  const ESCAPES = 'red \u001b[31m\u009b31m \u0007 line\nfeed \u202e';

  test.each([
    ['list', carrying([file(ESCAPES)]).sealed()],
    ['show', buildForeign(BASE, { manifest: (manifest) => ({ ...manifest, oxios_version: ESCAPES }) })],
    ['verify', carrying([file(`../${ESCAPES}`)]).foreign()],
  ])('%s prints none', async (command, bytes) => {
    sandbox = new Sandbox(bytes);
    const { stdout, stderr } = await run(command, sandbox.archive);
    expect(`${stdout}${stderr}`).toContain('red ');
    expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|line\nfeed/);
    expect(readdirSync(sandbox.target)).toEqual(['memory', 'notes.md']);
  });
});
