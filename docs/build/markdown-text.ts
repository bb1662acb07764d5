const WIDTH = 116;

/** A paragraph on lines of limited length; what stands between backticks stays on one. */
export function wrapped(text: string, indent = ''): string {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH - indent.length) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(`\n${indent}`);
}

/** An item of a list; its further paragraphs and lists are indented below the first. */
export function listItem(paragraphs: readonly string[]): string {
  const [first = '', ...others] = paragraphs;
  return [`- ${wrapped(first, '  ')}`, ...others.map((text) => `\n  ${wrapped(text, '  ')}`)].join('\n');
}
