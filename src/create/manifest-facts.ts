import { BackupError } from '../errors.ts';
import { FORMAT_VERSION } from '../format/format-version.ts';
import type { Totals } from '../format/index-root.ts';
import { encodeManifestEntry, MAX_MANIFEST_BYTES, type Manifest } from '../format/manifest.ts';
import { compileUserExcludes } from '../patterns/excludes.ts';
import { readProgram } from '../program.ts';
import { findOxiosVersion } from '../state-dir/oxios-version.ts';
import { CATEGORIES } from '../state-dir/sections.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import { stableHostName } from '../system/host-name.ts';
import { HERE } from '../system/platform.ts';
import type { CreateOptions } from './create-options.ts';

/** What a manifest says that is known before anything is captured. */
export interface ManifestFacts {
  createdAt: Date;
  oxiosVersion: string;
  host: string;
  stateDir: string;
  excludes: readonly string[];
}

/** Sections' counts and totals, as captured. */
export interface CapturedFacts {
  sections: ReadonlyMap<string, number>;
  totals: Pick<Totals, 'files' | 'bytes'>;
}

/** @throws BackupError what `findOxiosVersion` throws */
export async function factsOf(stateDir: string, createdAt: Date, options: CreateOptions): Promise<ManifestFacts> {
  return {
    createdAt,
    oxiosVersion: await findOxiosVersion(options.oxiosVersion),
    host: options.host ?? stableHostName(),
    stateDir,
    excludes: options.excludes ?? [],
  };
}

/**
 * The entry of a manifest, as it is at the head of a snapshot before anything is captured.
 *
 * @param provisional null for one that is rewritten at the end, which gets room for whatever is captured
 * @throws BackupError `USAGE` when the patterns in it are too many
 */
export function encodeHead(facts: ManifestFacts, provisional: Manifest | null): Uint8Array {
  const head = encodeManifestEntry(provisional ?? manifestOf(facts, null));
  if (head.length <= MAX_MANIFEST_BYTES) return head;
  throw new BackupError('USAGE', `${facts.excludes.length} exclude patterns are too many for a manifest`, {
    hint: 'Exclude whole folders, or use wildcards.',
  });
}

/**
 * The manifest of a snapshot.
 *
 * @param captured null gives one that takes at least as much room as any with these facts
 */
export function manifestOf(facts: ManifestFacts, captured: CapturedFacts | null): Manifest {
  const sections =
    captured === null
      ? CATEGORIES.map((category) => ({ name: category, entry_count: Number.MAX_SAFE_INTEGER }))
      : CATEGORIES.flatMap((category) => {
          const count = captured.sections.get(category) ?? 0;
          return count === 0 ? [] : [{ name: category, entry_count: count }];
        });
  const { files, bytes } = captured?.totals ?? { files: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
  const { name, version } = readProgram();
  return {
    version: 1,
    created_at: facts.createdAt.toISOString(),
    oxios_version: facts.oxiosVersion,
    sections,
    snapshot_format: FORMAT_VERSION,
    tool: `${name} ${version}`,
    source: { platform: HERE.os, hostname: facts.host, state_dir: facts.stateDir },
    excludes: [...facts.excludes],
    files,
    bytes,
    ...(captured === null ? { index_sha256: '0'.repeat(64) } : {}),
  };
}

/** The manifest at the head of a snapshot that cannot be rewritten: what is known before the capture. The index has the one that counts. */
export function provisionalManifest(facts: ManifestFacts, sections: ReadonlyMap<string, number>): Manifest {
  return {
    ...manifestOf(facts, { sections, totals: { files: 0, bytes: 0 } }),
    files: null,
    bytes: null,
    index_sha256: null,
  };
}

/**
 * Entries by section, as the state directory has them now. What the user excluded is not looked at; a folder that cannot be
 * listed counts for nothing here, and is named when it is captured.
 */
export async function countSections(store: StateStore, excludes: readonly string[]): Promise<Map<string, number>> {
  const isExcluded = compileUserExcludes(excludes);
  const counts = new Map<string, number>();
  for (const category of CATEGORIES) {
    if (isExcluded(category, true) === null) counts.set(category, await countCategory(store, category));
  }
  return counts;
}

async function countCategory(store: StateStore, category: string): Promise<number> {
  try {
    return (await store.listCategory(category)).length;
  } catch {
    return 0;
  }
}
