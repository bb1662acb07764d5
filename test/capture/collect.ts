import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CaptureItem } from '../../src/capture/capture-item.ts';
import type { ExcludedPath } from '../../src/capture/capture-report.ts';
import { type CaptureOptions, captureState } from '../../src/capture/capture-state.ts';
import { type ExclusionOptions, exclusionsOf } from '../../src/capture/exclusions.ts';
import { openStateDir } from '../../src/capture/state-directory.ts';
import { TEST_FOLDER } from '../test-folder.ts';

/** Everything that a capture told. */
export interface Collected {
  items: CaptureItem[];
  paths: string[];
  excluded: ExcludedPath[];
  incomplete: { path: string; status: string; detail: string }[];
  notices: { path: string; message: string }[];
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(TEST_FOLDER, 'oxios-capture-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a whole capture. */
export async function collect(
  stateDir: string,
  { excludes = [], output = [], folders = [], ...options }: Partial<CaptureOptions & ExclusionOptions> = {},
): Promise<Collected> {
  const collected: Collected = { items: [], paths: [], excluded: [], incomplete: [], notices: [] };
  const { root } = openStateDir(stateDir);
  const batches = captureState(root, {
    exclusions: exclusionsOf(root, { excludes, output, folders }),
    isBackupManifest: () => false,
    report: {
      excluded: (row) => collected.excluded.push(row),
      incomplete: (path, status, detail) => collected.incomplete.push({ path, status, detail }),
      notice: (path, message) => collected.notices.push({ path, message }),
    },
    scratch: () => {
      throw new Error('no scratch directory was given');
    },
    ...options,
  });
  for await (const batch of batches) collected.items.push(...batch);
  collected.paths = collected.items.map((item) => item.path);
  return collected;
}
