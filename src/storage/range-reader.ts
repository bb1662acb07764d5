/**
 * Reads the bytes of one version of a snapshot, at any offset. If the version is replaced meanwhile, a read is an error, never a mixture of two.
 */
export interface RangeReader {
  /** Its name in messages. */
  readonly name: string;
  /** Length of the snapshot in bytes. */
  readonly size: number;
  /** Differs between versions, such as an ETag. */
  readonly version: string;
  /** Of a local file: a descriptor that the worker threads read by themselves. Absent elsewhere. */
  readonly descriptor?: number;
  /** What it reads through, where it is a layer over another reader. */
  readonly beneath?: RangeReader;

  /**
   * Reads exactly `length` bytes.
   *
   * @throws BackupError `SNAPSHOT_TRUNCATED`, `SNAPSHOT_REPLACED`, `STORAGE_UNAVAILABLE`, `PERMISSION`, `IO`, `ABORTED`
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;

  /** Frees what the reader holds. */
  close(): Promise<void>;
}
