/** How README and docs are written: short lines, short paragraphs, the field's words. */
import { describe, expect, test } from 'vitest';
import { PAGES } from './blocks.ts';

const LONGEST_LINE = 120;
const LONGEST_PARAGRAPH = 4;
/** Rows of tables cannot be wrapped; those of this page name a file and a reason each. */
const LONG_ROWS = new Set(['docs/macos.md']);

/** Words for which the field has others. */
const RETIRED =
  /\b(?:verdicts?|shel(?:f|ves)|unsealed|heeds?|heeded|foresees?|foretold|settle[ds]?|judge[ds]?|judgements?|prove[ds]?|proven|proofs?|left out|stays? out|brings? back|to be had|losses|tree stands|takes? back)\b/gi;

describe.each([...PAGES])('%s', (path, page) => {
  const lines = page.split('\n');

  test(`has no line of more than ${LONGEST_LINE} characters`, () => {
    const long = lines.filter(
      (line) => [...line].length > LONGEST_LINE && !(LONG_ROWS.has(path) && line.startsWith('|')),
    );
    expect(long).toEqual([]);
  });

  test(`has no paragraph of more than ${LONGEST_PARAGRAPH} lines`, () => {
    expect(paragraphs(page).filter(({ length }) => length > LONGEST_PARAGRAPH)).toEqual([]);
  });

  test('has the words of the field', () => {
    expect(prose(page).match(RETIRED)).toBeNull();
  });
});

/** The page without its blocks of code and what stands between backticks. */
function prose(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]+`/g, '');
}

/** Lines that belong together; each item of a list is one, rows of a table are none. */
function paragraphs(page: string): string[][] {
  const found: string[][] = [];
  let isOpen = false;
  for (const line of page.replace(/^```[\s\S]*?^```$/gm, '').split('\n')) {
    const isText = line.trim() !== '' && !line.startsWith('|');
    if (isText && isOpen && !/^(?: *[-*] | *\d+\. |#)/.test(line)) found.at(-1)?.push(line);
    else if (isText) found.push([line]);
    isOpen = isText;
  }
  return found;
}
