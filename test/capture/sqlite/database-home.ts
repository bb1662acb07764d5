import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../collect.ts';

/** A state directory with one database, in a folder of its own, and what writes to it. */
export class DatabaseHome {
  readonly #folder = temporaryFolder();
  readonly #running: { kill: () => Promise<unknown> }[] = [];
  readonly path = this.#folder.path;
  readonly state = join(this.path, 'state');
  readonly database = join(this.state, 'memory.db');
  #copies = 0;

  constructor() {
    mkdirSync(this.state);
  }

  /** A path for a copy. */
  nextCopy(): string {
    return join(this.path, `copy-${++this.#copies}.db`);
  }

  /** Ends what was started when the test is over. */
  async endLater<Started extends { kill: () => Promise<unknown> }>(starting: Promise<Started>): Promise<Started> {
    const started = await starting;
    this.#running.push(started);
    return started;
  }

  async remove(): Promise<void> {
    for (const started of this.#running.splice(0)) await started.kill();
    this.#folder.remove();
  }
}
