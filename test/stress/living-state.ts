import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CATEGORIES } from 'oxios-backup';
import { COMPOSED, LONGEST } from '../file-systems/long-names.ts';
import { ON_OTHER_GROUND } from '../test-folder.ts';
import { Writer } from './writer.ts';

/** Databases, each with its journal mode, how it syncs (empty: as SQLite does by default), and the milliseconds between two commits. */
export const DATABASES = [
  { path: 'memory.db', mode: 'WAL', synchronous: 'NORMAL', pauseMs: 5, checkpointEvery: 60 },
  { path: 'memory/vectors.sqlite', mode: 'WAL', synchronous: 'NORMAL', pauseMs: 0, checkpointEvery: 400 },
  // All that it holds is in its WAL, and its name is decomposed.
  { path: 'memory/기억.db'.normalize('NFD'), mode: 'WAL', synchronous: 'NORMAL', pauseMs: 300, checkpointEvery: 0 },
  { path: 'tasks.db', mode: 'DELETE', synchronous: '', pauseMs: 20, checkpointEvery: 0 },
] as const;

/** Logs that only grow: one small, one beyond the size of a large file, one that becomes large meanwhile. */
export const LOGS = [
  { path: 'audit/trail.jsonl', bytesPerSecond: 20_000, startsWith: 0 },
  { path: 'events/server.log', bytesPerSecond: 50_000, startsWith: 3_000_000 },
  { path: `events/${ON_OTHER_GROUND ? COMPOSED : 'young'}.log`, bytesPerSecond: 100_000, startsWith: 950_000 },
] as const;

/** A log that is renamed to `.1` when it has grown, and begun anew. */
export const ROTATED_LOG = 'events/rotated.log';

export const IN_PLACE = [
  { path: 'assets/restless.bin', size: 12_288, pauseMs: 0 },
  { path: 'assets/now-and-then.bin', size: 40_960, pauseMs: 150 },
  { path: 'assets/large.bin', size: 3_000_000, pauseMs: 700 },
] as const;

// On other ground every look-up of a name may list its directory.
const STILL_FILES = ON_OTHER_GROUND ? 50 : 300;
const ENTRIES_PER_CATEGORY = ON_OTHER_GROUND ? 10 : 100;

/** What had been acknowledged before a snapshot began. */
export interface Witness {
  begin: number;
  /** Versions of entries. `settle` takes out what was deleted meanwhile. */
  entries: Map<string, number>;
  /** Number of the last row of each database, or line of each log. */
  numbers: Map<string, number>;
  commit: { number: number; id: string };
}

/** A state directory that all sorts of processes write to. */
export class LivingState {
  readonly root: string;
  /** Digests of the files that nobody writes to. */
  readonly still = new Map<string, string>();
  readonly #writers: Writer[] = [];
  readonly #entries = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  readonly #progress = new Map<string, number>();
  #deleted = new Set<string>();
  #commit = { number: 0, id: '' };

  private constructor(root: string) {
    this.root = root;
  }

  static async start(root: string): Promise<LivingState> {
    const state = new LivingState(root);
    state.#layOut();
    try {
      await state.#startWriters();
    } catch (error) {
      await state.stop();
      throw error;
    }
    return state;
  }

  #layOut(): void {
    for (let i = 0; i < STILL_FILES; i++) {
      const category = CATEGORIES[i % CATEGORIES.length] ?? '';
      const folder = i % 3 === 0 ? 'projects' : category;
      this.#put(
        `${folder}/still-${i}.json`,
        Buffer.from(`${JSON.stringify({ i, text: 'x'.repeat((i * 97) % 9000) })}\n`),
      );
    }
    this.#put('assets/still.bin', randomBytes(2_500_000));
    // Longer than other file systems have names.
    if (ON_OTHER_GROUND) this.#put(`projects/${LONGEST}`, randomBytes(1000));
    for (const { path, size } of IN_PLACE) this.#write(path, Buffer.alloc(size));
    for (const { path, startsWith } of LOGS) this.#write(path, numberedLines(startsWith));
    this.#write(
      'backups/old/manifest.json',
      Buffer.from(JSON.stringify({ version: 1, created_at: '2026-11-01T00:00:00Z', oxios_version: '1', sections: [] })),
    );
  }

  async #startWriters(): Promise<void> {
    const at = (path: string) => join(this.root, path);
    const numbered = (path: string) => (text: string) => this.#numbers.set(path, Number(text));
    const starts = [
      this.#start('state_store', [this.root, String(ENTRIES_PER_CATEGORY), ...CATEGORIES], (text) =>
        this.#hearEntry(text),
      ),
      ...DATABASES.map(({ path, mode, synchronous, pauseMs, checkpointEvery }) =>
        this.#start(
          'database',
          [at(path), mode, String(pauseMs), String(checkpointEvery), synchronous],
          numbered(path),
        ),
      ),
      ...LOGS.map(({ path, bytesPerSecond }) =>
        this.#start('lines', [at(path), String(bytesPerSecond), '0'], numbered(path)),
      ),
      this.#start('lines', [at(ROTATED_LOG), '200000', '300000'], numbered(ROTATED_LOG)),
      this.#start('commits', [this.root], (text) => {
        const [number = '', id = ''] = text.split(' ');
        this.#commit = { number: Number(number), id };
      }),
      this.#start(
        'in_place',
        IN_PLACE.flatMap(({ path, size, pauseMs }) => [at(path), String(size), String(pauseMs)]),
      ),
    ];
    const settled = await Promise.allSettled(starts);
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
  }

  async #start(name: string, args: string[], onStep?: (text: string) => void): Promise<void> {
    this.#writers.push(await Writer.start(name, args, onStep));
  }

  #hearEntry(text: string): void {
    const [sign, path = '', version = ''] = text.split(' ');
    if (sign === '+') {
      this.#entries.set(path, Number(version));
    } else {
      this.#entries.delete(path);
      this.#deleted.add(path);
    }
  }

  #put(path: string, content: Buffer): void {
    this.#write(path, content);
    this.still.set(path, createHash('sha256').update(content).digest('hex'));
  }

  #write(path: string, content: Buffer): void {
    const absolute = join(this.root, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, content);
  }

  /** To be called right before a snapshot. */
  witness(): Witness {
    this.#deleted = new Set();
    for (const writer of this.#writers) writer.forget();
    return {
      begin: Date.now(),
      entries: new Map(this.#entries),
      numbers: new Map(this.#numbers),
      commit: this.#commit,
    };
  }

  /** To be called right behind a snapshot: returns when every writer has done a step since, which verifies that none is locked out. */
  async settle(witness: Witness): Promise<void> {
    const end = Date.now();
    await Promise.all(this.#writers.map((writer) => writer.heardUpTo(end + 1)));
    for (const path of this.#deleted) witness.entries.delete(path);
    for (const [i, writer] of this.#writers.entries()) {
      const name = `${writer.name} ${i}`;
      this.#progress.set(name, (this.#progress.get(name) ?? 0) + writer.stepsWithin(witness.begin, end));
    }
  }

  /** Writers that did nothing while snapshots were made. */
  starved(): string[] {
    return [...this.#progress].filter(([, steps]) => steps === 0).map(([name]) => name);
  }

  /** Steps that writers did while snapshots were made. */
  get steps(): number {
    return [...this.#progress.values()].reduce((sum, steps) => sum + steps, 0);
  }

  pause(): void {
    for (const writer of this.#writers) writer.pause();
  }

  resume(): void {
    for (const writer of this.#writers) writer.resume();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }
}

function numberedLines(length: number): Buffer {
  const lines: string[] = [];
  for (let n = 0, bytes = 0; bytes < length; n++) {
    const line = `${JSON.stringify({ n, text: 'y'.repeat((n * 31) % 400) })}\n`;
    lines.push(line);
    bytes += line.length;
  }
  return Buffer.from(lines.join(''));
}
