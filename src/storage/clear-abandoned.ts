import type { OperationOptions } from '../events.ts';
import type { SnapshotStorage } from './storage.ts';

/** Clears what runs that were killed left in a storage, and says so. */
export async function clearAbandoned(storage: SnapshotStorage, { signal, onEvent }: OperationOptions): Promise<void> {
  for (const cleared of await storage.clearAbandoned(signal)) onEvent?.({ type: 'notice', ...cleared });
}
