import type { OperationOptions } from '../events.ts';
import type { SnapshotStorage } from './storage.ts';

/** Clears what runs that were killed left in a storage, and says so. */
export async function clearAbandoned(storage: SnapshotStorage, { signal, onEvent }: OperationOptions): Promise<void> {
  for (const name of await storage.clearAbandoned(signal)) {
    const message = 'an upload that was begun over a day ago and never committed was given up';
    onEvent?.({ type: 'notice', path: storage.pathOf(name), message });
  }
}
