import { BackupError } from '../errors.ts';
import { printable } from './printable.ts';

/** Features of the format beyond the first that this code reads, by the names under which a snapshot requires them. */
const KNOWN_FEATURES: ReadonlySet<string> = new Set();

/**
 * Refuses a snapshot that cannot be understood without what this code does not know.
 *
 * @throws BackupError `FORMAT_FEATURE`
 */
export function refuseUnknownFeatures(required: readonly string[]): void {
  const unknown = required.filter((feature) => !KNOWN_FEATURES.has(feature));
  if (unknown.length === 0) return;
  const names = unknown.slice(0, 5).map((feature) => `"${printable(feature.slice(0, 100))}"`);
  throw new BackupError(
    'FORMAT_FEATURE',
    `reading the snapshot needs ${names.join(', ')}, which this program does not know`,
    {
      hint: 'Use a later oxios-backup, or plain tar: the file is a .tar.gz.',
    },
  );
}
