/** A folder of snapshots to try things on. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { directory, type Entry, file } from '../archives/entry.ts';
import { manifestTar, type SealedManifest } from '../archives/manifest.ts';
import { buildSnapshot } from '../archives/snapshot.ts';

export interface SnapshotFacts {
  /** Day or time at which it was made. */
  made: string;
  hostname?: string;
  stateDir?: string;
  /** Paths that were lost when it was made. */
  incomplete?: string[];
  entries?: Entry[];
}

const ENTRIES = [file('notes.txt', 'n'.repeat(5000)), directory('sessions'), file('sessions/one.json', '{"one":1}\n')];

/** A sound snapshot. */
export function sealedSnapshot(facts: SnapshotFacts): Buffer {
  const created = new Date(facts.made);
  const manifest = (valid: SealedManifest): SealedManifest => ({
    ...valid,
    created_at: created.toISOString(),
    source: {
      ...valid.source,
      hostname: facts.hostname ?? valid.source.hostname,
      state_dir: facts.stateDir ?? valid.source.state_dir,
    },
  });
  const statuses = (facts.incomplete ?? []).map((path) => ({ path, status: 'unreadable', detail: 'EACCES' }));
  return buildSnapshot(facts.entries ?? ENTRIES, {
    manifest,
    manifestTar: (tar) => manifestTar(tar.subarray(512), { mtime: Math.floor(created.getTime() / 1000) }),
    root: (root) => ({ ...root, manifest: manifest(root.manifest), statuses }),
  });
}

export class SnapshotFolder {
  readonly path = fs.mkdtempSync(path.join(os.tmpdir(), 'oxios-backup-folder-'));

  file(name: string): string {
    return path.join(this.path, name);
  }

  write(name: string, bytes: string | Buffer): string {
    fs.writeFileSync(this.file(name), bytes);
    return this.file(name);
  }

  add(name: string, facts: SnapshotFacts): string {
    return this.write(name, sealedSnapshot(facts));
  }

  /** One a day from the first of January 2026, at noon in UTC: "1.tar.gz", … */
  addDays(first: number, last: number, facts: Omit<SnapshotFacts, 'made'> = {}): void {
    for (let day = first; day <= last; day += 1) {
      this.add(`${day}.tar.gz`, { ...facts, made: `2026-01-${String(day).padStart(2, '0')}T12:00:00Z` });
    }
  }

  /** Flips a bit of an entry, far from both ends. */
  damage(name: string): void {
    const bytes = fs.readFileSync(this.file(name));
    // The manifest's member tells its length; the entries begin behind it.
    const at = bytes.readUInt32LE(17) + 60;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    this.write(name, bytes);
  }

  names(): string[] {
    return fs.readdirSync(this.path).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** Everything in the folder, to see whether it changed. */
  state(): [string, string, bigint][] {
    return this.names().map((name) => {
      const stat = fs.lstatSync(this.file(name), { bigint: true });
      const content = stat.isFile() ? fs.readFileSync(this.file(name)) : Buffer.alloc(0);
      return [name, createHash('sha256').update(content).digest('hex'), stat.mtimeNs];
    });
  }

  remove(): void {
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}
