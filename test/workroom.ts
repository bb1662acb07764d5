import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** In memory where that can be: a sync of a real disk waits for everybody else who writes to it. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory for the tests of one file, gone when they are done. */
export class Workroom {
  readonly root = mkdtempSync(join(BASE, 'oxios-test-'));
  #next = 0;

  constructor() {
    afterAll(() => rmSync(this.root, { recursive: true, force: true }));
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** A path that no test has had before. Nothing stands there. */
  fresh(stem = 'path'): string {
    return join(this.root, `${stem}-${this.#next++}`);
  }
}
