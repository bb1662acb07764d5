const two = (number: number): string => String(number).padStart(2, '0');

/**
 * The name that a snapshot gets in a folder of snapshots: `oxios-backup-20260703_021500.tar.gz`.
 *
 * The time is the local one, for whoever looks for last night's by its name. Nothing reads it back: when a snapshot was made stands in its
 * manifest, and a renamed one is as good. Two of the same second collide; the second `createBackup` then refuses to replace the first.
 */
export function defaultSnapshotName(now: Date): string {
  const date = `${String(now.getFullYear()).padStart(4, '0')}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `oxios-backup-${date}_${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}.tar.gz`;
}

/** Whether a name is of that form. It tells that a file was meant to be a snapshot, when its content no longer can. */
export function isDefaultSnapshotName(name: string): boolean {
  return /^oxios-backup-\d{8}_\d{6}\.tar\.gz$/.test(name);
}
