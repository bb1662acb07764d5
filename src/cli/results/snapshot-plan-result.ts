import type { SnapshotPlan } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes } from '../text/amounts.ts';
import { incompleteLines, isAnyIncomplete } from '../text/incomplete-text.ts';
import { neighbourNotice } from '../text/neighbour-text.ts';
import { noticeLine } from '../text/notice-text.ts';
import { expectedReuseText, reuseFields } from '../text/reuse-text.ts';
import { outsideSections, sectionTable } from '../text/section-table.ts';

const EXCLUDED = [{ gives: 2, least: 16 }, { right: true, gives: 1 }, { wraps: true }];

/** What to say of a snapshot that is not made: what would go in, what is excluded and why. */
export function snapshotPlanResult(plan: SnapshotPlan): Result {
  const { stateDir, totals, sections, excluded, incomplete, reuse } = plan;
  const notices = [...plan.notices, ...plan.neighbours.map(neighbourNotice)];
  const { entries, files, bytes } = totals;
  const out = excluded.map(({ path, type, size, reason }) => [
    `${path}${type === 'directory' ? '/' : ''}`,
    size === undefined ? '' : formatBytes(size),
    reason,
  ]);
  return {
    status: isAnyIncomplete(incomplete) ? 3 : 0,
    fields: {
      dry_run: true,
      state_dir: stateDir,
      totals,
      sections,
      outside_sections: outsideSections(sections, totals),
      excluded,
      statuses: incomplete,
      notices,
      reuse: reuseFields(reuse),
    },
    lines: [
      `of ${stateDir} would go in`,
      `  ${count(entries, 'entry')} (${count(files, 'file')}), ${formatBytes(bytes)}`,
      ...(reuse === null ? [] : [`  ${expectedReuseText(reuse)}`]),
      ...(sections.length === 0 ? [] : [sectionTable(sections, totals, false)]),
      out.length === 0 ? 'nothing would be excluded' : 'would be excluded',
      { columns: EXCLUDED, rows: out, indent: 2 },
      ...notices.map(noticeLine),
    ],
    incomplete: incompleteLines('could not be had:', incomplete),
  };
}
