import type { FieldTree } from './field-tree.ts';

/** Logs and lists of lines as they lie there when nobody writes to them any more. */
export function plantLogs(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const count = random.below(40) + 2;
  const lines = random.lines(count);
  const kinds: Record<string, () => string | Uint8Array> = {
    'whole.log': () => `${lines.join('\n')}\n`,
    'cut.log': () => lines.join('\n'),
    'one-line.log': () => lines[0] ?? '',
    'empty.log': () => '',
    'newline.log': () => '\n',
    'crlf.log': () => lines.join('\r\n'),
    'utf16.log': () => Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le'),
    'latin1.log': () => Buffer.from(`${lines.join('\n')}\nende \xe4`, 'latin1'),
    'half-character.log': () => Buffer.from(`${lines.join('\n')}\nende é`).subarray(0, -1),
    'binary.log': () => random.bytes(random.below(5000)),
    'nul.log': () => `${lines.join('\n')}\n${'\0'.repeat(random.below(600))}`,
    'events.jsonl': () => lines.map((line, i) => JSON.stringify({ i, line })).join('\n'),
    'torn.jsonl': () => `${lines.map((line) => JSON.stringify({ line })).join('\n')}\n{"line": "to`,
    'app.log.1': () => lines.join('\n'),
    'app.log.2.gz': () => random.bytes(900),
    'large.log': () => `${`${lines.join('\n')}\n`.repeat(1 + Math.ceil(1_100_000 / (count * 40)))}the last line`,
    'block.log': () => Buffer.alloc(512 * (1 + random.below(4)), 'x\n'),
  };
  for (const name of random.some(Object.keys(kinds), 0.5)) tree.file(`${folder}/${name}`, kinds[name]?.());
  tree.story.push(`logs in ${folder}`);
}
