import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { TEST_FOLDER } from './test-folder.ts';

/** A directory for the tests of one file, gone when they are done. */
export class TempDir {
  readonly root = mkdtempSync(join(TEST_FOLDER, 'oxios-test-'));
  #next = 0;

  constructor() {
    afterAll(() => rmSync(this.root, { recursive: true, force: true, maxRetries: 5 }));
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** A path that no test has had before. Nothing stands there. */
  fresh(stem = 'path'): string {
    return join(this.root, `${stem}-${this.#next++}`);
  }
}
