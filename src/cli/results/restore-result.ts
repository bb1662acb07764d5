import type { RestoreResult } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatDuration, formatTime } from '../text/amounts.ts';
import { incompleteLines } from '../text/incomplete-text.ts';

/**
 * What to say of a state directory that was restored.
 *
 * @param parts sections and paths that were asked for; empty when all of the snapshot was restored
 */
export function restoreResult(
  result: RestoreResult,
  merged: boolean,
  parts: readonly string[],
  elapsedMs: number,
): Result {
  const { stateDir, manifest, sealed, restored, previousState, skippedLinks, statuses, complete } = result;
  const made = formatTime(new Date(manifest.created_at));
  const amount = `${count(restored.entries, 'entry')} (${count(restored.files, 'file')}), ${formatBytes(restored.bytes)}, in ${formatDuration(elapsedMs)}`;
  const lines =
    parts.length === 0
      ? [`restored ${stateDir}`, `  ${amount}`, `  as it was on ${made}`]
      : [
          `restored ${count(restored.files, 'file')} of ${parts.join(', ')} in ${stateDir}, as of ${made}`,
          `  ${amount}`,
        ];
  if (!sealed) lines.push('  the archive is foreign: it carries no digests, so its content could not be verified');
  if (previousState !== null) {
    lines.push(`  ${merged ? 'what it replaced' : 'the previous state'} is kept at ${previousState}`);
    lines.push('  to have it back: oxios-backup undo; to free its space: oxios-backup undo --discard');
  }
  return {
    status: complete ? 0 : 3,
    fields: {
      state_dir: stateDir,
      elapsed_ms: Math.round(elapsedMs),
      complete,
      sealed,
      manifest,
      restored,
      previous_state: previousState,
      skipped_links: skippedLinks,
      statuses,
    },
    lines,
    incomplete: [
      ...(skippedLinks.length === 0
        ? []
        : ['skipped, because they lead out of the state directory:', ...skippedLinks.map((path) => `  ${path}`)]),
      ...incompleteLines('missing or inconsistent when the snapshot was made:', statuses),
    ],
  };
}
