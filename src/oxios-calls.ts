import { type CreateOptions, type CreateOutput, createOptionsSchema } from './create/create-options.ts';
import { type CreateResult, createSnapshot } from './create/create-snapshot.ts';
import { checkArgument, checkOptions, storeSchema } from './options.ts';
import type { RestoreResult } from './restore/execute-restore.ts';
import { type RestoreOptions, restoreOptionsSchema, restoreSnapshot } from './restore/restore-snapshot.ts';
import type { StateStore } from './state-dir/state-store.ts';
import type { SnapshotInput } from './storage/open-reader.ts';

/**
 * The same as `createSnapshot`, with the arguments that Oxios gives.
 *
 * @param store the state directory
 * @param output where the snapshot is written to
 * @param options how it is made
 * @returns what was made; look at `complete`
 * @throws BackupError as `createSnapshot`
 */
export async function createBackup<Output extends CreateOutput>(
  store: StateStore,
  output: Output,
  options: CreateOptions = {},
): Promise<CreateResult<Output>> {
  checkArgument('store', storeSchema, store);
  checkOptions(createOptionsSchema, options);
  return createSnapshot({ ...options, stateDir: store, output });
}

/**
 * The same as `restoreSnapshot`, with the arguments that Oxios gives.
 *
 * @param store the state directory
 * @param snapshot what is restored
 * @param options how it is restored
 * @returns what was restored; look at `complete`
 * @throws BackupError as `restoreSnapshot`
 */
export async function restoreBackup(
  store: StateStore,
  snapshot: SnapshotInput,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  checkArgument('store', storeSchema, store);
  checkOptions(restoreOptionsSchema, options);
  return restoreSnapshot({ ...options, stateDir: store, snapshot });
}
