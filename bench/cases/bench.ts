import { existsSync } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataSets } from '../data/data-sets.ts';
import { type Command, measure } from '../run/measure.ts';
import type { Measurement } from '../run/rounds.ts';

const ENGINE = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** What one case found out. */
export interface CaseResult {
  readonly id: string;
  readonly title: string;
  readonly measurements: readonly Measurement[];
  /** A byte count that belongs to the case, such as the length of an index. */
  readonly referenceBytes?: number;
  /** RFC 3339, UTC. */
  readonly measuredAt: string;
}

/** What all cases share: where they may work, and where they say what they found. */
export class Bench {
  readonly data: DataSets;
  readonly rounds: number;
  /** On the same file system as the data. Emptied when the bench ends. */
  readonly workFolder: string;
  readonly say: (line: string) => void;
  readonly results: CaseResult[] = [];
  /** Lines about peers that are not installed, what could not be measured, what failed. */
  readonly remarks = new Set<string>();
  readonly #snapshots = new Map<string, string>();

  constructor(parts: { data: DataSets; rounds: number; workFolder: string; say: (line: string) => void }) {
    this.data = parts.data;
    this.rounds = parts.rounds;
    this.workFolder = parts.workFolder;
    this.say = parts.say;
  }

  /** Whether the engine is built; a remark if not. */
  get hasEngine(): boolean {
    if (existsSync(ENGINE)) return true;
    this.remarks.add('oxios-backup: dist/main.js is not built');
    return false;
  }

  engine(...args: string[]): Command {
    return { argv: [process.execPath, ENGINE, ...args] };
  }

  createCommand(stateDir: string, output: string): Command {
    return this.engine('create', output, '--state-dir', stateDir, '--quiet', '--force');
  }

  /** A snapshot of a state directory, made once for all cases; of `tar | gzip` if the engine is not built. */
  async snapshotOf(stateDir: string): Promise<string> {
    const known = this.#snapshots.get(stateDir);
    if (known !== undefined) return known;
    const snapshot = path.join(this.workFolder, `snapshot-of-${path.basename(stateDir)}.tar.gz`);
    const fallback: Command = {
      argv: ['bash', '-c', 'tar -cf - -C "$1" . | gzip -6 > "$2"', 'bash', stateDir, snapshot],
    };
    await measure(this.hasEngine ? this.createCommand(stateDir, snapshot) : fallback);
    this.#snapshots.set(stateDir, snapshot);
    return snapshot;
  }

  /** Gives back the disk space of a snapshot that no other case wants. */
  async forgetSnapshot(stateDir: string): Promise<void> {
    const snapshot = this.#snapshots.get(stateDir);
    this.#snapshots.delete(stateDir);
    if (snapshot !== undefined) await rm(snapshot);
  }

  /** An empty folder of this name in the work folder. */
  async freshFolder(name: string): Promise<string> {
    const folder = path.join(this.workFolder, name);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    return folder;
  }

  report(result: Omit<CaseResult, 'measuredAt'>): void {
    this.results.push({ ...result, measuredAt: new Date().toISOString() });
  }

  /** Whether a folder's file system has that much room; a remark if not. */
  async hasRoom(folder: string, bytes: number, what: string): Promise<boolean> {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize >= bytes) return true;
    this.remarks.add(
      `${what}: needs ${Math.ceil(bytes / 1e9)} GB in ${folder}, which has ${Math.floor((bavail * bsize) / 1e9)}`,
    );
    return false;
  }
}
