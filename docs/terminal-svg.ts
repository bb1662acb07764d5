/** A command and what it left on the terminal. */
export interface Step {
  command: string;
  lines: string[];
}

const WIDTH = 800;
const FONT_SIZE = 14;
/** Of one character. Every line is drawn to this measure, whatever font is there. */
const ADVANCE = 8.43;
const LINE_HEIGHT = 19;
const BAR_HEIGHT = 34;
const MARGIN_X = 24;
const MARGIN_Y = 16;
const PROMPT = '$ ';
const FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";
/** Its own dark window, framed: it stands on a white page and on a black one. */
const STYLE = `
  text { font: ${FONT_SIZE}px ${FONTS}; white-space: pre; fill: #d5d9e0; }
  .prompt { fill: #7ee787; }
  .command { fill: #ffffff; font-weight: bold; }
  .title { fill: #9aa4b2; text-anchor: middle; }
`;

/** How many characters a line may have. */
export const COLUMNS = Math.floor((WIDTH - 2 * MARGIN_X) / ADVANCE);

/** A terminal window in which these commands were typed one after the other. */
export function drawTerminal(title: string, steps: readonly Step[]): string {
  const texts: string[] = [];
  let y = BAR_HEIGHT + MARGIN_Y + FONT_SIZE;
  const put = (text: string, column = 0, style?: string): void => {
    if (column + text.length > COLUMNS) throw new Error(`too wide for ${COLUMNS} columns: ${text}`);
    const indent = text.length - text.trimStart().length;
    const shown = text.slice(indent);
    if (shown === '') return;
    const x = MARGIN_X + (column + indent) * ADVANCE;
    const length = (shown.length * ADVANCE).toFixed(2);
    const styled = style === undefined ? '' : ` class="${style}"`;
    texts.push(
      `<text${styled} x="${x.toFixed(2)}" y="${y}" textLength="${length}" xml:space="preserve">${escapeXml(shown)}</text>`,
    );
  };
  for (const [index, { command, lines }] of steps.entries()) {
    if (index > 0) y += LINE_HEIGHT / 2;
    put(PROMPT, 0, 'prompt');
    put(command, PROMPT.length, 'command');
    y += LINE_HEIGHT;
    for (const line of lines) {
      put(line);
      y += LINE_HEIGHT;
    }
  }
  const height = Math.ceil(y - LINE_HEIGHT + MARGIN_Y);
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, index) => `<circle cx="${MARGIN_X + index * 20}" cy="${BAR_HEIGHT / 2}" r="6" fill="${color}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="9" fill="#161b22" stroke="#4b5563"/>`,
    `<path d="M0.5 ${BAR_HEIGHT}H${WIDTH - 0.5}" stroke="#30363d"/>`,
    ...dots,
    `<text class="title" x="${WIDTH / 2}" y="${BAR_HEIGHT / 2 + 5}">${escapeXml(title)}</text>`,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
