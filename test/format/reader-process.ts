import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { TEST_FOLDER } from '../test-folder.ts';

/** One process for all: it takes a list of files and rules to leave out, and answers with the rule that is broken. An exception ends it. */
const SCRIPT = `
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import reader
for name, left_out in json.load(sys.stdin):
    reader.LEFT_OUT = set(left_out)
    with open(name, "rb") as file:
        try:
            reader.opened(file).check()
            print("valid")
        except reader.Broken as broken:
            print(str(broken).split(":")[0])
`;

/** Whether there is a Python to run reader.py, and what to say where there is none. */
export const PYTHON = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;
export const WITHOUT_PYTHON = PYTHON ? '' : ' (skipped: no python3 here)';

/** A file for reader.py, and the rule that it leaves out, if one. */
export interface ReaderCase {
  bytes: Buffer;
  leftOut?: string;
}

/** What reader.py says of files: `valid`, or the rule that is broken. */
export class ReaderProcess {
  readonly #folder = mkdtempSync(join(TEST_FOLDER, 'oxios-reader-'));

  constructor() {
    afterAll(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  rulesBroken(cases: Iterable<ReaderCase>): string[] {
    const input: [string, string[]][] = [];
    for (const { bytes, leftOut } of cases) {
      const path = join(this.#folder, String(input.length));
      writeFileSync(path, bytes);
      input.push([path, leftOut === undefined ? [] : [leftOut]]);
    }
    const here = fileURLToPath(new URL('.', import.meta.url));
    const options = { encoding: 'utf8', input: JSON.stringify(input) } as const;
    const { status, stdout, stderr } = spawnSync('python3', ['-c', SCRIPT, here], options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim().split('\n');
  }
}
