import { readFileSync } from 'node:fs';

const PROGRAM = new URL('../../test/readme/examples.ts', import.meta.url);
const BLOCK = /(<!-- example: (\w+) -->\n```ts\n)[\s\S]*?(^```$)/gm;

/** A page with the blocks that are marked `<!-- example: NAME -->` as the program has them between its regions. */
export function withExamples(page: string): string {
  const program = readFileSync(PROGRAM, 'utf8');
  return page.replace(BLOCK, (_block, begin: string, name: string, end: string) => {
    const region = new RegExp(`^// #region ${name}\\n([\\s\\S]*?)^// #endregion$`, 'm').exec(program)?.[1];
    if (region === undefined) throw new Error(`the program has no example "${name}"`);
    return `${begin}${region}${end}`;
  });
}
