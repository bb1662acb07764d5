/** The manifest that belongs to a list of entries. */
import { type Entry, type IndexRow, indexRow } from './entry.ts';
import { type HeaderFields, ustarHeader } from './tar-bytes.ts';

const CATEGORIES = [
  'seeds',
  'evals',
  'memory/conversations',
  'memory/sessions',
  'memory/facts',
  'memory/episodes',
  'memory/knowledge',
  'sessions',
  'agent_groups',
];

/** An valid manifest, as far as vectors look at it before they put anything into it. */
export interface PlainManifest {
  sections: { name: string; entry_count: number }[];
  [field: string]: unknown;
}

/** The same in a sealed snapshot. */
export interface SealedManifest extends PlainManifest {
  source: { platform: string; hostname: string; state_dir: string };
}

/** Counts what the index says. */
export function manifestOf(entries: Entry[]): SealedManifest {
  const rows = entries.map(indexRow);
  const files = rows.filter((row) => row.type === 'f');
  return {
    version: 1,
    created_at: '2026-03-03T02:00:00Z',
    oxios_version: '0.3.0',
    sections: CATEGORIES.map((name) => ({ name, entry_count: countEntries(rows, name) })).filter(
      (section) => section.entry_count > 0,
    ),
    snapshot_format: 1,
    tool: 'test-archives 1.0.0',
    source: { platform: 'linux', hostname: 'elsewhere', state_dir: '/home/o/.oxios/workspace' },
    excludes: [],
    files: files.length,
    bytes: files.reduce((sum, row) => sum + Number(row.size), 0),
  };
}

function countEntries(rows: IndexRow[], category: string): number {
  return rows.filter((row) => {
    const path = String(row.path);
    const slash = path.lastIndexOf('/');
    return path.slice(0, slash) === category && /^.+\.(md|json)$/s.test(path.slice(slash + 1));
  }).length;
}

/** Tar bytes of `manifest.json`: the JSON with spaces up to a whole block. */
export function manifestTar(json: string | Buffer, header: Partial<HeaderFields> = {}): Buffer {
  const text = Buffer.from(json);
  const content = Buffer.concat([text, Buffer.alloc((512 - (text.length % 512)) % 512, ' ')]);
  return Buffer.concat([
    ustarHeader({ path: 'manifest.json', uid: 0, gid: 0, size: content.length, mtime: 1_772_503_200, ...header }),
    content,
  ]);
}
