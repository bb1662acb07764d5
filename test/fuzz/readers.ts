/** The common readers of tar, to be asked what they make of an archive that `verify` accepts. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BackupError, restoreBackup, StateStore } from 'oxios-backup';
import * as tar from 'tar';

const SCRIPT = fileURLToPath(new URL('extract.py', import.meta.url));
const TOOLS = ['tar', 'bsdtar', 'busybox', 'python3'];

/** Readers that this machine lacks; without all of them there is nothing to agree. */
export const MISSING = TOOLS.filter((tool) => spawnSync('which', [tool], { stdio: 'ignore' }).status !== 0);

/** What readers made of an archive otherwise than `restore` did: differences by reader. */
export type Disagreement = Record<string, string[]>;

/** One Python process that runs all the others, however many archives there are. */
export class Readers {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #next = 0;

  /** @param folder which is deep, so that what a name leads out of it to stays in the test's own */
  constructor(folder: string) {
    this.#folder = folder;
    this.#process = spawn('python3', ['-W', 'ignore', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /**
   * Restores the archive and has all others extract it.
   *
   * @returns null when restore refuses it, as it may what verify accepts
   */
  async compare(archive: Buffer): Promise<Disagreement | null> {
    const at = join(this.#folder, String(this.#next++), 'a', 'b');
    mkdirSync(join(at, 'node-tar'), { recursive: true });
    const file = join(at, 'archive.tar.gz');
    writeFileSync(file, archive);
    try {
      await restoreBackup(new StateStore(join(at, 'restored')), file, {
        threads: 1,
        sameOwner: process.getuid?.() === 0,
      });
      await tar
        .x({ file, cwd: join(at, 'node-tar'), preserveOwner: process.getuid?.() === 0 })
        .catch((error: unknown) => writeFileSync(join(at, 'node-tar.error'), String(error)));
      this.#process.stdin?.write(`${at}\n`);
      const answer = await this.#answers.next();
      if (answer.done === true) throw new Error('the readers have ended');
      return JSON.parse(answer.value) as Disagreement;
    } catch (error) {
      if (error instanceof BackupError) return null;
      throw error;
    } finally {
      rmSync(at, { recursive: true, force: true });
    }
  }

  close(): void {
    this.#process.stdin?.end();
    this.#lines.close();
  }
}
