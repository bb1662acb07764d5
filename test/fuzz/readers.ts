/** The common readers of tar, to be asked what they make of an archive that `verify` accepts. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { BackupError, restoreBackup, StateStore } from 'oxios-backup';
import * as tar from 'tar';

const SCRIPT = fileURLToPath(new URL('extract.py', import.meta.url));
const TOOLS = ['tar', 'bsdtar', 'busybox', 'python3'];

/** Readers that this machine lacks; without all of them there is nothing to agree. */
export const MISSING = TOOLS.filter((tool) => spawnSync('which', [tool], { stdio: 'ignore' }).status !== 0);

/** What readers made of an archive otherwise than `restore` did: differences by reader. */
export type Disagreement = Record<string, string[]>;

/** An archive in a folder of its own: `archive.tar.gz`, and, once it is there, the tree `restored`. */
export interface ArchiveCase {
  folder: string;
  file: string;
  restored: string;
}

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

  /** Puts an archive into a folder. `remove` it when it was compared. */
  place(archive: Buffer): ArchiveCase {
    const folder = join(this.#folder, String(this.#next++), 'a', 'b');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'archive.tar.gz');
    writeFileSync(file, archive);
    return { folder, file, restored: join(folder, 'restored') };
  }

  remove({ folder }: ArchiveCase): void {
    rmSync(join(folder, '..', '..'), { recursive: true, force: true });
  }

  /**
   * Restores the archive and has all others extract it.
   *
   * @returns null when restore refuses it, as it may what verify accepts
   */
  async compare(archive: Buffer): Promise<Disagreement | null> {
    const [found] = await this.compareAll([archive]);
    return found as Disagreement | null;
  }

  /** The same of many, which takes less time each. */
  async compareAll(archives: readonly Buffer[]): Promise<(Disagreement | null)[]> {
    const placed = archives.map((archive) => this.place(archive));
    try {
      const restored: ArchiveCase[] = [];
      for (const each of placed) if (await restore(each.file, each.restored)) restored.push(each);
      const found = await this.compareRestored(restored);
      return placed.map((each) => found[restored.indexOf(each)] ?? null);
    } finally {
      for (const each of placed) this.remove(each);
    }
  }

  /** Has all others extract archives that were restored, and compares the trees; a tree `whole` too, where there is one. */
  async compareRestored(cases: readonly ArchiveCase[]): Promise<Disagreement[]> {
    if (cases.length === 0) return [];
    await Promise.all(cases.map(extractWithNodeTar));
    for (const { folder, file } of cases) {
      // GNU tar has a process inflate for it, which takes as long as all it does itself.
      writeFileSync(join(folder, 'archive.tar'), gunzipSync(readFileSync(file)));
    }
    this.#process.stdin?.write(`${JSON.stringify(cases.map(({ folder }) => folder))}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the readers have ended');
    return JSON.parse(answer.value) as Disagreement[];
  }

  close(): void {
    this.#process.stdin?.end();
    this.#lines.close();
  }
}

/** @returns whether it was restored, and not refused */
export async function restore(file: string, target: string): Promise<boolean> {
  try {
    await restoreBackup(new StateStore(target), file, { threads: 1, sameOwner: process.getuid?.() === 0 });
    return true;
  } catch (error) {
    if (error instanceof BackupError) return false;
    throw error;
  }
}

async function extractWithNodeTar({ folder, file }: ArchiveCase): Promise<void> {
  const cwd = join(folder, 'node-tar');
  mkdirSync(cwd);
  await tar
    .x({ file, cwd, preserveOwner: process.getuid?.() === 0 })
    .catch((error: unknown) => writeFileSync(join(folder, 'node-tar.error'), String(error)));
}
