import type { CaseResult } from '../cases/bench.ts';
import { OURS } from '../peers/creators.ts';
import type { Measurement } from '../run/rounds.ts';
import { formatBytes, formatFigure, formatSeconds } from './figures.ts';
import type { BenchReport } from './results-file.ts';

/** The report for a terminal: a table for each case, then the targets, then what should be known beside them. */
export function renderReport(report: BenchReport): string {
  const { machine } = report;
  const lines = [
    `${machine.processor}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}, scale ${report.scale}`,
    '',
  ];
  for (const result of report.cases) lines.push(...renderCase(result), '');
  const rows = report.targets.map(({ name, unit, limit, measured, outcome }) => [
    name,
    formatFigure(measured, unit),
    `≤ ${formatFigure(limit, unit)}`,
    outcome,
  ]);
  lines.push(...renderTable(['target', 'measured', 'limit', ''], rows));
  if (report.remarks.length > 0) lines.push('', ...report.remarks.map((remark) => `note: ${remark}`));
  return lines.join('\n');
}

function renderCase(result: CaseResult): string[] {
  const ours = result.measurements.find(({ name }) => name === OURS)?.medianSeconds;
  const rows = result.measurements.map((measurement) => [
    `  ${measurement.name}`,
    formatSeconds(measurement.medianSeconds),
    `${formatSeconds(Math.min(...measurement.seconds))} to ${formatSeconds(Math.max(...measurement.seconds))}`,
    ours === undefined ? '' : `${(ours / measurement.medianSeconds).toFixed(3)}`,
    formatSeconds(measurement.medianCpuSeconds),
    formatBytes(measurement.peakMemoryBytes),
    measurement.outputBytes === undefined ? '' : formatBytes(measurement.outputBytes),
    measurement.bytesRead === undefined ? '' : formatBytes(measurement.bytesRead),
    ...trafficColumns(measurement),
  ]);
  return renderTable(
    [
      result.title,
      'median',
      'range',
      'ours / it',
      'CPU',
      'peak memory',
      'output',
      'read',
      'sent',
      'received',
      'requests',
    ],
    rows,
  );
}

function trafficColumns({ traffic }: Measurement): string[] {
  if (traffic === undefined) return ['', '', ''];
  return [formatBytes(traffic.sentBytes), formatBytes(traffic.receivedBytes), String(traffic.requests)];
}

/** Left-aligned first column, right-aligned others; a column of nothing is left out. */
function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = head.map((_, index) => index).filter((index) => index === 0 || rows.some((row) => row[index]));
  const widths = new Map(
    columns.map((index) => [index, Math.max(...[head, ...rows].map((row) => row[index]?.length ?? 0))]),
  );
  return [head, ...rows].map((row) =>
    columns
      .map((index) => {
        const width = widths.get(index) ?? 0;
        return index === 0 ? (row[index] ?? '').padEnd(width) : (row[index] ?? '').padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
