import type { SnapshotSummary } from '../../inspect/show-snapshot.ts';
import { type Context, defineCommand } from '../command.ts';
import { JSON_RESULT, SNAPSHOT, snapshotOf } from '../options.ts';
import { count, formatBytes, formatTime } from '../text/amounts.ts';
import { incompleteLines, recoveredSummary } from '../text/incomplete-text.ts';
import { outsideSections, sectionTable } from '../text/section-table.ts';
import type { Line } from '../text/table.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: { ...SNAPSHOT },
  options: { ...JSON_RESULT },
  examples: [['show oxios.tar.gz', 'when, where, what']],
  note: 'It reads both ends of the file, a few KiB. To verify every byte: oxios-backup verify.',
  run: async (args, context) => {
    // From its own module: loading all of the library would take longer than the rest of the command.
    const { showSnapshot } = await import('../../inspect/show-snapshot.ts');
    return report(
      await showSnapshot({ snapshot: snapshotOf(args.snapshot, context.terminal), ...context.operation }),
      context,
    );
  },
});

function report(summary: SnapshotSummary, { reporter }: Context): Promise<number> {
  const { path, length, sealed, manifest, totals, statuses, complete } = summary;
  return reporter.result({
    status: 0,
    fields: {
      snapshot: path,
      length,
      sealed,
      complete,
      manifest,
      totals,
      outside_sections: outsideSections(manifest.sections, totals),
      statuses,
    },
    lines: linesOf(summary),
  });
}

function linesOf({ path, length, sealed, manifest, totals, statuses }: SnapshotSummary): Line[] {
  const { created_at, oxios_version, tool, source, excludes, sections } = manifest;
  const facts: [string, string][] = [
    ['snapshot', `${path ?? 'standard input'} (${formatBytes(length)})`],
    ['made', `${formatTime(new Date(created_at))}${tool === undefined ? '' : ` by ${tool}`}`],
    ['Oxios', oxios_version],
  ];
  if (source !== undefined) facts.push(['from', `${source.hostname}:${source.state_dir} (${source.platform})`]);
  facts.push(['sealed', sealed ? 'yes' : 'NO: a foreign archive, without index and digests']);
  if (totals !== null) {
    const { files, directories, symlinks, hardLinks, bytes } = totals;
    const kinds = [count(files, 'file'), count(directories, 'folder')];
    if (symlinks > 0) kinds.push(count(symlinks, 'symbolic link'));
    if (hardLinks > 0) kinds.push(count(hardLinks, 'hard link'));
    facts.push(['holds', `${kinds.join(', ')}; ${formatBytes(bytes)}`]);
  }
  if (excludes !== undefined && excludes.length > 0) facts.push(['excluded', excludes.join(', ')]);
  const recovered = recoveredSummary(statuses);
  if (recovered !== null) facts.push(['changed', `while they were read, and captured whole: ${recovered}`]);
  return [
    { columns: [{}, { wraps: true }], rows: facts },
    sections.length === 0 ? 'sections  none' : 'sections',
    ...(sections.length === 0 ? [] : [sectionTable(sections, totals, true)]),
    ...incompleteLines('NOT COMPLETE; missing or inconsistent when it was made:', statuses),
  ];
}
