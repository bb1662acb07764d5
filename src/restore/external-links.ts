import { BackupError } from '../errors.ts';
import { formatPaths } from '../validate/problem.ts';
import type { SnapshotValidator } from '../validate/snapshot-validator.ts';

/**
 * What happens to symbolic links that lead out of the state directory: the restore is refused (`EXTERNAL_LINK`), they are restored as they
 * are, or they are not restored.
 */
export type ExternalLinks = 'refuse' | 'keep' | 'skip';

/** A symbolic link that leads out of the state directory, itself or through others. */
export interface ExternalLink {
  /** Path of the link, relative to the state directory. */
  path: string;
  /** Its target, as it is written in the link. */
  link: string;
}

/** Those of a whole snapshot. */
export function externalLinksOf(validator: SnapshotValidator, platform: NodeJS.Platform): ExternalLink[] {
  return validator.externalLinks(platform).map((path) => ({ path, link: validator.symlinks.get(path) as string }));
}

/** Why a restore with these links is refused. */
export function externalLinksError(external: readonly ExternalLink[]): BackupError {
  const paths = external.map(({ path }) => path);
  return new BackupError(
    'EXTERNAL_LINK',
    `${formatPaths(paths)} ${paths.length === 1 ? 'leads' : 'lead'} out of the state directory`,
    {
      path: paths[0],
      hint: "Look at where they lead; then restore with `externalLinks: 'keep'` or `externalLinks: 'skip'`.",
    },
  );
}
