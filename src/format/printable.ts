// Control characters (C0, DEL, C1), line separators, bidirectional overrides, lone surrogates: what could change how a
// terminal shows the text around it.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu;

/**
 * Makes text safe to print to a terminal: control characters and the like are escaped as in JSON. Backslashes in the text are kept. Use it for
 * names from a snapshot.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return codePoint > 0xffff ? `\\u{${codePoint.toString(16)}}` : `\\u${codePoint.toString(16).padStart(4, '0')}`;
  });
}
