import type { FileStatus } from './format/file-status.ts';

/** What a running operation tells its caller. */
export type BackupEvent =
  | { type: 'phase'; phase: Phase }
  /** Totals are absent while they are not known yet. `bytes` counts content, uncompressed. */
  | { type: 'progress'; phase: Phase; entries: number; bytes: number; totalEntries?: number; totalBytes?: number }
  | { type: 'file-status'; path: string; status: FileStatus; detail: string }
  /** A `Notice`. */
  | { type: 'notice'; path?: string; message: string };

/** Something worth knowing that is no loss, said in a sentence. */
export interface Notice {
  /** The file or entry that it is about. */
  path?: string;
  message: string;
}

export type Phase = 'capture' | 'index' | 'check' | 'extract' | 'sync' | 'commit';

/** Options that every operation takes. */
export interface OperationOptions {
  /** Ends the operation: it cleans up and rejects with `ABORTED`. */
  signal?: AbortSignal;
  /** Called with what happens, in order. Must not throw. */
  onEvent?: (event: BackupEvent) => void;
}
