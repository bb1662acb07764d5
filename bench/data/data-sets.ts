import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GENERATOR_VERSION, generateTree } from '../generate.ts';
import { writeDatabase, writeImages, writeLog } from './big-files.ts';
import { writeTinyFiles } from './tiny-files.ts';

const SEED = 20_260;
const MB = 1_000_000;

/** The data sets that create, verify and restore are measured with. */
export type DataSetName = 'many-small' | 'tiny' | 'mixed';

/** State directories to measure with, made once and kept in a folder until what they are made from changes. */
export class DataSets {
  readonly #folder: string;
  readonly #scale: number;
  readonly #say: (line: string) => void;

  /** @param scale - 1 for the sizes that the names promise. */
  constructor(folder: string, scale: number, say: (line: string) => void) {
    this.#folder = folder;
    this.#scale = scale;
    this.#say = say;
  }

  /** The data set of that name. */
  named(name: DataSetName): Promise<string> {
    if (name === 'mixed') return this.mixed();
    return name === 'tiny' ? this.tinyFiles() : this.smallFiles();
  }

  /** 60,000 files of about 1.5 KB that hardly compress: the cost of a file. */
  tinyFiles(): Promise<string> {
    const scaled = this.#scaled(60_000);
    return this.#keep(`tiny-${scaled}`, { files: scaled }, async (folder) => {
      writeTinyFiles(folder, scaled, SEED);
    });
  }

  /** `files` small JSON and Markdown files, before scaling. */
  smallFiles(files = 100_000): Promise<string> {
    const scaled = this.#scaled(files);
    return this.#keep(`small-${scaled}`, { files: scaled }, async (folder) => {
      generateTree(folder, { files: scaled, seed: SEED });
    });
  }

  /** A 120 MB database with float vectors, a 270 MB log, 100 MB of images. */
  mixed(): Promise<string> {
    const bytes = { database: this.#scaled(120 * MB), log: this.#scaled(270 * MB), images: this.#scaled(100 * MB) };
    return this.#keep(`mixed-${bytes.log}`, bytes, async (folder) => {
      await writeDatabase(path.join(folder, 'memory.db'), bytes.database, SEED);
      await writeLog(path.join(folder, 'events', 'events.jsonl'), bytes.log, SEED);
      await writeImages(path.join(folder, 'assets'), bytes.images, 40, SEED);
      generateTree(folder, { files: 10, seed: SEED });
    });
  }

  /** One log of 10 GB. */
  bigFile(): Promise<string> {
    const bytes = this.#scaled(10_000 * MB);
    return this.#keep(`big-file-${bytes}`, { bytes }, async (folder) => {
      await writeLog(path.join(folder, 'events', 'events.jsonl'), bytes, SEED);
      generateTree(folder, { files: 10, seed: SEED });
    });
  }

  /** 5 GB that stay 5 GB in a snapshot, and 20,000 small files among which one can be looked for. */
  bigSnapshot(): Promise<string> {
    const sizes = { images: this.#scaled(5_000 * MB), files: this.#scaled(20_000) };
    return this.#keep(`big-snapshot-${sizes.images}`, sizes, async (folder) => {
      await writeImages(path.join(folder, 'assets'), sizes.images, 1_000, SEED);
      generateTree(folder, { files: sizes.files, seed: SEED });
    });
  }

  #scaled(amount: number): number {
    return Math.max(10, Math.round(amount * this.#scale));
  }

  /** What the data was made from stands beside it: the data itself would be measured with it. */
  async #keep(name: string, parameters: object, make: (folder: string) => Promise<void>): Promise<string> {
    const folder = path.join(this.#folder, name);
    const label = path.join(this.#folder, `${name}.json`);
    const origin = JSON.stringify({ generator: GENERATOR_VERSION, seed: SEED, ...parameters });
    if (existsSync(folder) && (await readFile(label, 'utf8').catch(() => '')) === origin) return folder;
    this.#say(`making data: ${name}`);
    const partial = `${folder}.partial`;
    for (const old of [folder, partial, label]) await rm(old, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await make(partial);
    await rename(partial, folder);
    await writeFile(label, origin);
    return folder;
  }
}
