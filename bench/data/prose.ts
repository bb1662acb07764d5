import type { Random } from './random.ts';

/** The commonest words; they are most of any English text. */
const COMMON_WORDS =
  `the of and to a in is that for it was on with as be by this are from at or an have not which you but has its were will they can had
  all their one would more when there if no out so what up use about into than them only some could time these two may then do first any now
  such like other new how our over also after most people made where through because does user agent task file session memory please should
  before again result error check need want work write read list change update plan step answer question note project code test run build data
  state value message model token context tool call response request summary fact episode goal review draft schedule calendar email reply
  Größe naïve café 東京 résumé`.split(/\s+/);

const SYLLABLES =
  `ba con der el fi gra hor in jo ka lan mer no or pe qui ra sen ta un ver wa yo zu tion ing ment able ence ist pro pre com ex dis re sub
  trans al ic ous ive ate ant ent er ly ness ship th st ch sh tr br cl fl gr pl sp`.split(/\s+/);

/** Calibrated, with `COMMONNESS`, so that `gzip -6` makes of a generated tree what it makes of real state (field notes: 0.291 of the tar). */
const VOCABULARY = 1700;
const COMMONNESS = 1.12;
const TABLE_LENGTH = 65_536;

/** Writes text whose words are as unequally common as those of a language. */
export class Prose {
  readonly #random: Random;
  readonly #table: string[];

  constructor(random: Random) {
    this.#random = random;
    this.#table = drawTable(random);
  }

  /** Sentences of about `length` characters, never more. */
  text(length: number): string {
    let text = '';
    while (text.length < length) text += text === '' ? this.sentence() : ` ${this.sentence()}`;
    return text.slice(0, length).trimEnd();
  }

  /** One sentence of 4 to 18 words. */
  sentence(): string {
    const words = 4 + this.#random.below(15);
    const first = this.word();
    let sentence = first.charAt(0).toUpperCase() + first.slice(1);
    for (let index = 1; index < words; index++) {
      const draw = this.#random.uint32();
      sentence += (draw & 0xf0000) === 0 ? `, ${this.#table[draw & 0xffff]}` : ` ${this.#table[draw & 0xffff]}`;
    }
    return `${sentence}.`;
  }

  /** One word, the common ones more often. */
  word(): string {
    return this.#table[this.#random.uint32() & 0xffff] as string;
  }

  /** `count` words of plain letters joined by hyphens. */
  slug(count: number): string {
    return Array.from({ length: count }, () =>
      this.word()
        .replace(/[^a-z]/gi, 'x')
        .toLowerCase(),
    ).join('-');
  }
}

/** A table from which an even draw gives words by Zipf's law. */
function drawTable(random: Random): string[] {
  const words = [...COMMON_WORDS];
  while (words.length < VOCABULARY) {
    words.push(Array.from({ length: 2 + random.below(3) }, () => random.pick(SYLLABLES)).join(''));
  }
  const weights = words.map((_, rank) => 1 / (rank + 2.7) ** COMMONNESS);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table: string[] = [];
  let cumulated = 0;
  for (const [rank, word] of words.entries()) {
    cumulated += weights[rank] as number;
    while (table.length < Math.round((cumulated / total) * TABLE_LENGTH)) table.push(word);
  }
  return table;
}
