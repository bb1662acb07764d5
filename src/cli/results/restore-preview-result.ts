import type { Refusal, RestorePreview } from '../../index.ts';
import { exitStatusOf } from '../exit-status.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatNumber, formatTime } from '../text/amounts.ts';
import { commandHint } from '../text/command-hint.ts';
import { incompleteLines, isAnyIncomplete } from '../text/incomplete-text.ts';
import { noticeLine } from '../text/notice-text.ts';
import { changedSectionTable } from '../text/section-table.ts';
import type { Line } from '../text/table.ts';
import { changeLine } from './difference-lines.ts';

const MODES = { create: 'restore', replace: 'replace', merge: 'merge into' } as const;

/** What to say of a restore that is not done. The changes themselves, as JSON, are rows before it. */
export function restorePreviewResult(preview: RestorePreview): Result {
  const { stateDir, mode, manifest, sealed, restored, sections, outsideSections, totals, space } = preview;
  const { externalLinks, notices, refusals, statuses } = preview;
  const [refusal] = refusals;
  return {
    status: refusal !== undefined ? exitStatusOf(refusal.code) : isAnyIncomplete(statuses) ? 3 : 0,
    fields: {
      dry_run: true,
      state_dir: stateDir,
      mode,
      manifest,
      sealed,
      restored,
      sections,
      outside_sections: outsideSections,
      totals,
      space,
      external_links: externalLinks,
      notices,
      refusals,
      statuses,
    },
    lines: [
      `would ${MODES[mode]} ${stateDir}`,
      `  ${count(restored.entries, 'entry')} (${count(restored.files, 'file')}), ${formatBytes(restored.bytes)}`,
      `  as it was on ${formatTime(new Date(manifest.created_at))}`,
      ...changeLines(preview),
      ...notices.map(noticeLine),
    ],
    incomplete: [
      ...incompleteLines('missing or inconsistent when the snapshot was made:', statuses),
      ...refusals.flatMap(refusalLines),
    ],
  };
}

/** Entry by entry; into an empty directory, where all is new, only how many. */
function changeLines({ changes, sections, outsideSections, totals, space }: RestorePreview): Line[] {
  const { added, removed, changed, unchanged, kept } = totals;
  const isFresh = removed + changed + unchanged + kept === 0;
  const counts = [
    `${formatNumber(added)} added`,
    `${formatNumber(changed)} replaced`,
    `${formatNumber(removed)} removed`,
    `${formatNumber(unchanged)} unchanged`,
  ];
  if (kept > 0) counts.push(`${formatNumber(kept)} left as they are`);
  return [
    ...(isFresh ? [] : changes.map((change) => `  ${changeLine(change)}`)),
    ...(added + changed + removed === 0 ? [] : [changedSectionTable(sections, outsideSections, 2)]),
    `  ${counts.join(', ')}`,
    `  space: ${formatBytes(space.needed.bytes)} needed, ${formatBytes(space.available.bytes)} available`,
  ];
}

function refusalLines({ message, path, hint }: Refusal): string[] {
  const where = path === undefined || message.includes(path) ? '' : `: ${path}`;
  return [`it would be refused: ${message}${where}`, ...(hint === undefined ? [] : [`  ${commandHint(hint)}`])];
}
