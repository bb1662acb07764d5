/** What stands on a terminal when the program that wrote `output` is done: lines redrawn in place are their last form. */
export function shownLines(output: string): string[] {
  const lines: string[] = [''];
  let column = 0;
  for (const [part] of output.matchAll(/\u001b\[\d*[A-Za-z]|[\r\n]|[^\u001b\r\n]+|[\s\S]/g)) {
    const line = lines.at(-1) ?? '';
    if (part === '\n') lines.push('');
    else if (part === '\r' || part === '\u001b[1G') column = 0;
    else if (part === '\u001b[2K') lines[lines.length - 1] = '';
    else if (part === '\u001b[0K') lines[lines.length - 1] = line.slice(0, column);
    else if (part.startsWith('\u001b'))
      throw new Error(`a control sequence that is not understood: ${JSON.stringify(part)}`);
    else {
      lines[lines.length - 1] = line.padEnd(column).slice(0, column) + part + line.slice(column + part.length);
      column += part.length;
    }
  }
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
