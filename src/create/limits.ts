import type { CaptureItem } from '../capture/capture-item.ts';
import { BackupError } from '../errors.ts';
import { MAX_BLOCK_MEMBERS } from '../format/index-block.ts';
import { CHUNK } from '../format/member-plan.ts';
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from '../format/path-rules.ts';
import { utf8Length } from '../format/utf8.ts';

/** Longest file that a snapshot holds. */
const MAX_FILE_BYTES = MAX_BLOCK_MEMBERS * CHUNK;
const MOST_UTF8 = 3;

/**
 * Refuses what no snapshot can hold, before it is written.
 *
 * @throws BackupError `LIMIT_EXCEEDED`
 */
export function refuseBeyondLimits(item: CaptureItem): void {
  if (item.type === 'file' && item.size > MAX_FILE_BYTES)
    throw beyond(item.path, `has more than 512 GiB (${item.size} bytes)`);
  if (item.path.length <= MAX_NAME_BYTES / MOST_UTF8) return;
  if (utf8Length(item.path) > MAX_PATH_BYTES)
    throw beyond(item.path, `has a path of more than ${MAX_PATH_BYTES} bytes`);
  if (item.path.split('/').some((name) => utf8Length(name) > MAX_NAME_BYTES))
    throw beyond(item.path, `has a name of more than ${MAX_NAME_BYTES} bytes`);
}

function beyond(path: string, what: string): BackupError {
  return new BackupError('LIMIT_EXCEEDED', `${path} ${what}, which is more than a snapshot can hold`, {
    path,
    hint: 'Exclude it with `excludes`, or make it smaller.',
  });
}
