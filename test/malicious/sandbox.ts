import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { TEST_FOLDER } from '../test-folder.ts';

/** A folder with an archive beside a state directory that has content, and something outside that it must not reach. */
export class Sandbox {
  readonly root: string = mkdtempSync(join(TEST_FOLDER, 'oxios-malicious-'));
  readonly area = join(this.root, 'area');
  readonly target = join(this.area, 'target');
  readonly archive = join(this.root, 'archive.tar.gz');
  #before: Map<string, TreeNode>;

  constructor(bytes: Buffer) {
    mkdirSync(join(this.target, 'memory', 'facts'), { recursive: true });
    writeFileSync(join(this.target, 'memory', 'facts', 'live.json'), '{"content":"not to be lost"}');
    writeFileSync(join(this.target, 'notes.md'), 'live\n');
    writeFileSync(join(this.area, 'outside'), 'not to be reached\n');
    writeFileSync(this.archive, bytes);
    this.#before = readTree(this.area);
  }

  /** What is not as it was: state directory, its neighbours, and what stands beside them. Times of folders aside, in which a lock came and went. */
  changes(): string[] {
    const after = readTree(this.area);
    const paths = new Set([...this.#before.keys(), ...after.keys()]);
    return [...paths].filter((path) => {
      const [was, is] = [this.#before.get(path), after.get(path)];
      if (was === undefined || is === undefined) return true;
      const sameTime = was.mtimeNs === is.mtimeNs || path === '.';
      return !sameTime || was.type !== is.type || was.mode !== is.mode || was.content !== is.content;
    });
  }

  /** What an attack on absolute or parent paths would have left behind. */
  escaped(): string[] {
    const names = [...readdirSync(tmpdir()), ...readdirSync(this.root).map((name) => `root/${name}`)];
    return names.filter((name) => /evil/.test(name));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
