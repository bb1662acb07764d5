import { eastAsianWidth } from 'get-east-asian-width';

const PRINTABLE_ASCII = /^[ -~]*$/;
const COMBINING = /^\p{M}+$/u;
const EMOJI = /\p{Emoji_Presentation}|\uFE0F/u;
const ELLIPSIS = '…';

let segmenter: Intl.Segmenter | null = null;

/** How many columns of a terminal a printable text takes: East Asian characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** A text of at most `width` columns: of a longer one the middle is replaced by an ellipsis. */
export function shortenMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ELLIPSIS);
  if (room <= 0) return ELLIPSIS;
  const parts = graphemes(text);
  // The end of a name, with its extension, says as much as its beginning.
  const end = fitting(parts.toReversed(), Math.floor(room / 2)).reverse();
  const start = fitting(parts, room - displayWidth(end.join('')));
  return `${start.join('')}${ELLIPSIS}${end.join('')}`;
}

/** As many of the first parts as have room. */
function fitting(parts: readonly string[], width: number): string[] {
  let used = 0;
  const first = parts.findIndex((part) => {
    used += graphemeWidth(part);
    return used > width;
  });
  return first < 0 ? [...parts] : parts.slice(0, first);
}

/** What a reader takes for single characters. */
function graphemes(text: string): string[] {
  // Not made before it is needed: that takes longer than the rest of a command's output.
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

function graphemeWidth(grapheme: string): number {
  if (COMBINING.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  return eastAsianWidth(grapheme.codePointAt(0) ?? 0);
}
