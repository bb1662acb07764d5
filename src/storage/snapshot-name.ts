import { randomInt } from 'node:crypto';
import { checkArgument, timeSchema } from '../options.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * The name that a snapshot gets in a folder of snapshots: `oxios-backup-20260703T021500Z-k3fa.tar.gz`.
 *
 * The time is in UTC and to the second. Four random characters of base 32 follow: state directories and machines that write into
 * one folder in the same second get names of their own. A renamed snapshot is as good: when it was made is in its manifest.
 */
export function defaultSnapshotName(now: Date): string {
  checkArgument('now', timeSchema, now);
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  const random = Array.from({ length: 4 }, () => BASE32[randomInt(BASE32.length)]).join('');
  return `oxios-backup-${time}-${random}.tar.gz`;
}

const DEFAULT_NAME = /^oxios-backup-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[a-z2-7]{4}\.tar\.gz$/;

/** Whether a name is of that form. It shows that a file was meant to be a snapshot, when its content no longer can. */
export function isDefaultSnapshotName(name: string): boolean {
  return DEFAULT_NAME.test(name);
}

/** The time that such a name holds; null for another name, and for a time that does not exist. */
export function snapshotNameTime(name: string): Date | null {
  const match = DEFAULT_NAME.exec(name);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? null : time;
}
