import { displayWidth } from './display-width.ts';

/** Lines of at most `width` characters, broken at spaces; a longer word has a line of its own, and a line that begins with a space stays as it is. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    if (paragraph.startsWith(' ')) return [paragraph];
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

/** A description that has less room beside its name is put below it. */
const LEAST_MEANING = 24;

/** Two columns: names, and what they mean, wrapped within `width`. */
export function definitions(rows: readonly (readonly [name: string, meaning: string])[], width: number): string[] {
  const column = Math.max(...rows.map(([name]) => name.length)) + 4;
  const longestWord = Math.max(...rows.flatMap(([, meaning]) => meaning.split(' ').map((word) => word.length)));
  if (width - column < Math.max(LEAST_MEANING, longestWord))
    return rows.flatMap(([name, meaning]) => [`  ${name}`, ...wrap(meaning, width - 4).map((line) => `    ${line}`)]);
  return rows.flatMap(([name, meaning]) =>
    wrap(meaning, width - column).map((line, i) => (i === 0 ? `  ${name}` : '').padEnd(column) + line),
  );
}
