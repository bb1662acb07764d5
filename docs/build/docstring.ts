/** A comment of JSDoc, taken apart. */
export interface Docstring {
  /** Paragraphs before the first tag; items of lists are paragraphs that begin with a dash. */
  paragraphs: string[];
  /** By parameter. */
  params: Map<string, string>;
  returns: string | null;
  throws: string[];
  defaultValue: string | null;
}

/** @param comment what stands between the opening slash with stars and the closing one */
export function parseDocstring(comment: string): Docstring {
  const text = comment.replace(/^\*/, '').replace(/^\s*\* ?/gm, '');
  const [description = '', ...tags] = text.split(/(?:^|\s)@(?=(?:param|returns|throws|default|internal|see)\b)/);
  const doc: Docstring = { paragraphs: [], params: new Map(), returns: null, throws: [], defaultValue: null };
  doc.paragraphs = description
    .split(/\n\s*\n|\n(?=- )/)
    .map(oneLine)
    .filter((paragraph) => paragraph !== '');
  for (const tag of tags) {
    const [, name = '', rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(tag) ?? [];
    const value = oneLine(rest);
    const [, param = '', meaning = ''] = /^(\w+)(?: -)? ?(.*)$/.exec(value) ?? [];
    if (name === 'param') doc.params.set(param, meaning);
    else if (name === 'returns') doc.returns = value;
    else if (name === 'throws') doc.throws.push(value);
    else if (name === 'default') doc.defaultValue = value;
  }
  return doc;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
