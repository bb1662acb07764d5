/** What a terminal shows after the two escape sequences that are used. */
export function screen(text: string): string {
  const lines = [''];
  let column = 0;
  for (const [part] of text.matchAll(/\u001b\[\d*[GK]|\r|\n|[^\u001b\r\n]+/g)) {
    const line = lines.at(-1) ?? '';
    if (part === '\n') {
      lines.push('');
      column = 0;
    } else if (part === '\r' || (part.endsWith('G') && part.startsWith('\u001b'))) {
      column = 0;
    } else if (part.endsWith('K') && part.startsWith('\u001b')) {
      lines[lines.length - 1] = line.slice(0, column);
    } else {
      lines[lines.length - 1] = line.slice(0, column) + part + line.slice(column + part.length);
      column += part.length;
    }
  }
  return lines.join('\n');
}
