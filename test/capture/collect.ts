import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CaptureItem } from '../../src/capture/capture-item.ts';
import type { LeftOut } from '../../src/capture/capture-report.ts';
import { type CaptureOptions, captureState } from '../../src/capture/capture-state.ts';
import { openStateDir } from '../../src/capture/state-directory.ts';
import { TEST_FOLDER } from '../test-folder.ts';

/** Everything that a capture told. */
export interface Collected {
  items: CaptureItem[];
  paths: string[];
  leftOut: LeftOut[];
  losses: { path: string; verdict: string; detail: string }[];
  notices: { path: string; message: string }[];
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(TEST_FOLDER, 'oxios-capture-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a whole capture. */
export async function collect(stateDir: string, options: Partial<CaptureOptions> = {}): Promise<Collected> {
  const collected: Collected = { items: [], paths: [], leftOut: [], losses: [], notices: [] };
  const { root } = openStateDir(stateDir);
  const batches = captureState(root, {
    excludes: [],
    output: [],
    isBackupManifest: () => false,
    report: {
      leftOut: (row) => collected.leftOut.push(row),
      loss: (path, verdict, detail) => collected.losses.push({ path, verdict, detail }),
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
