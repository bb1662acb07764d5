import type { CaseResult } from '../cases/bench.ts';
import { OURS } from '../peers/creators.ts';
import type { Measurement } from '../run/rounds.ts';
import { formatBytes, formatSeconds } from './figures.ts';
import type { BenchReport } from './results-file.ts';

const WIDTH = 800;
const GAP = 40;
const COLUMN_WIDTH = (WIDTH - GAP) / 2;
const LABEL_WIDTH = 100;
/** Room behind the longest bar for its figures. */
const FIGURES_WIDTH = 112;
const BAR_HEIGHT = 14;
const BAR_PITCH = 22;
const TITLE_HEIGHT = 28;
const PANEL_GAP = 16;
const HEAD_HEIGHT = 52;
const NOTE_PITCH = 18;
const FOOT_HEIGHT = 62;

const COLUMNS = [
  { data: 'many-small', heading: '100,000 small files', detail: 'JSON and Markdown, 255 MB' },
  { data: 'mixed', heading: 'A few large files', detail: 'SQLite with vectors, log, images, 490 MB' },
] as const;

const PANELS = [
  { title: 'Create', id: (data: string) => `create-${data}` },
  { title: 'Verify', id: (data: string) => `verify-${data}` },
  { title: 'Restore to a RAM disk', id: (data: string) => `restore-${data}-ram` },
  { title: 'Restore to disk', id: (data: string) => `restore-${data}-disk` },
] as const;

/** Follows the reader's light or dark mode, also as an image in a README. */
const STYLE = `
  text { font: 12px ui-sans-serif, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .heading { font-size: 15px; font-weight: 600 }
  .title { font-weight: 600 }
  .quiet { fill: #59636e }
  .ours-text { font-weight: 600 }
  .bar { fill: #c4ccd4 }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .bar { fill: #4b535d }
    .ours { fill: #4493f8 }
  }`;

/** Median times as bars, an SVG 800 wide: a column for each kind of data, a panel for each thing done. */
export function drawPicture(report: BenchReport): string {
  const parts: string[] = [];
  for (const [index, column] of COLUMNS.entries()) {
    const x = index * (COLUMN_WIDTH + GAP);
    parts.push(text(x, 18, column.heading, 'heading'), text(x, 36, column.detail, 'quiet'));
  }
  let y = HEAD_HEIGHT;
  for (const panel of PANELS) {
    const results = COLUMNS.map(({ data }) => report.cases.find(({ id }) => id === panel.id(data)));
    const bars = Math.max(...results.map((result) => result?.measurements.length ?? 0));
    if (bars === 0) continue;
    for (const [index, result] of results.entries()) {
      if (result !== undefined) parts.push(...drawPanel(index * (COLUMN_WIDTH + GAP), y, panel.title, result));
    }
    y += TITLE_HEIGHT + bars * BAR_PITCH + PANEL_GAP;
  }
  const { machine } = report;
  const origin = `${machine.processor}, ${machine.cores} cores, Node ${machine.node.slice(1)}, ${machine.kernel.split('-')[0]}`;
  const measuredAt =
    report.cases
      .map((result) => result.measuredAt.slice(0, 10))
      .sort()
      .at(-1) ?? '';
  const notes = [
    'Seconds, median of runs that took turns, caches warm: shorter is better. Grey figures: what was written.',
    'oxios-backup checks every SHA-256 when it verifies and restores, and syncs what it writes to disk.',
    `${origin}. ${measuredAt}`,
  ];
  for (const [index, note] of notes.entries()) parts.push(text(0, y + 12 + index * NOTE_PITCH, note, 'quiet'));
  const height = y + FOOT_HEIGHT;
  const opening = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`;
  return `${opening}\n<title>oxios-backup beside other tools</title>\n<style>${STYLE}\n</style>\n${parts.join('\n')}\n</svg>\n`;
}

function drawPanel(x: number, y: number, title: string, result: CaseResult): string[] {
  const parts = [text(x, y + 16, title, 'title')];
  const longest = Math.max(...result.measurements.map((each) => each.medianSeconds));
  for (const [index, measurement] of result.measurements.entries()) {
    const top = y + TITLE_HEIGHT + index * BAR_PITCH;
    const isOurs = measurement.name === OURS;
    const length = Math.max(2, (measurement.medianSeconds / longest) * (COLUMN_WIDTH - LABEL_WIDTH - FIGURES_WIDTH));
    const [barX, baseline] = [x + LABEL_WIDTH, top + BAR_HEIGHT - 3];
    parts.push(
      text(x, baseline, measurement.name, isOurs ? 'ours-text' : ''),
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${barX}" y="${top}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
      drawFigures(barX + length + 6, baseline, measurement, isOurs, result.id.startsWith('create-')),
    );
  }
  return parts;
}

function drawFigures(x: number, y: number, measurement: Measurement, isOurs: boolean, withSize: boolean): string {
  const { medianSeconds, outputBytes } = measurement;
  const size =
    withSize && outputBytes !== undefined ? `<tspan class="quiet" dx="6">${formatBytes(outputBytes)}</tspan>` : '';
  return `<text x="${x.toFixed(1)}" y="${y}"${isOurs ? ' class="ours-text"' : ''}>${formatSeconds(medianSeconds)}${size}</text>`;
}

function text(x: number, y: number, content: string, className: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${className === '' ? '' : ` class="${className}"`}>${escaped}</text>`;
}
