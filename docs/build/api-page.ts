import { readFileSync } from 'node:fs';
import { type Declaration, Declarations, type Member } from './declarations.ts';
import type { Docstring } from './docstring.ts';
import { errorTables } from './error-codes.ts';
import { withExamples } from './examples.ts';
import { listItem, wrapped } from './markdown-text.ts';

/** Functions, classes and constants in the order of the page. */
const CHAPTERS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['Make a snapshot', ['createSnapshot', 'planSnapshot', 'createBackup', 'importBackup']],
  ['Restore a snapshot', ['restoreSnapshot', 'planRestore', 'restoreBackup', 'salvageSnapshot']],
  ['Verify a snapshot', ['verifySnapshot', 'compareWithDirectory']],
  ['Look into a snapshot', ['showSnapshot', 'listEntries', 'openEntry', 'diffSnapshots']],
  ['Folders of snapshots', ['listSnapshots', 'verifyFolder', 'pruneSnapshots', 'findLatest']],
  ['Shrinkage', ['newestSnapshots', 'shrinkageOf']],
  [
    'The state directory',
    ['undoRestore', 'listPrevious', 'findPrevious', 'discardUndo', 'recoverStateDir', 'StateStore', 'CATEGORIES'],
  ],
  ['Errors and values', ['BackupError', 'ERROR_CODES', 'isIncomplete', 'printable']],
];

const INTRODUCTION = new URL('api-introduction.md', import.meta.url);
const LONGEST_LINE = 116;
const LONGEST_PARAGRAPH = 4 * 105;
/** Types that every reader knows, or that Node documents. */
const KNOWN = new Set(
  'AbortSignal AsyncGenerator AsyncIterable Date Error Exclude Infinity Iterable Omit Partial Pick Promise Readable ReadonlyMap Uint8Array URL Writable'.split(
    ' ',
  ),
);

/** The page of the library, as the sources have it now. */
export function apiPage(): string {
  const { exported } = new Declarations();
  const named = new Set(CHAPTERS.flatMap(([, names]) => names));
  const forgotten = exported.filter(({ name, kind }) => kind !== 'interface' && kind !== 'type' && !named.has(name));
  if (forgotten.length > 0) throw new Error(`in no chapter: ${forgotten.map(({ name }) => name).join(', ')}`);
  const writer = new PageWriter(exported);
  const chapters = CHAPTERS.map(([title, names]) => {
    const sections = names.flatMap((name) => {
      const declaration = exported.find((each) => each.name === name);
      return declaration === undefined ? [] : writer.withItsTypes(declaration);
    });
    return [`## ${title}`, ...sections].join('\n\n');
  });
  const others = writer.others();
  if (others.length > 0) chapters.push(['## Other types', ...others].join('\n\n'));
  const introduction = withExamples(readFileSync(INTRODUCTION, 'utf8')).replace('<!-- codes -->', errorTables);
  return `${[introduction.trimEnd(), contents(exported), ...chapters].join('\n\n')}\n`;
}

/** The list of functions, each with its first sentence. */
function contents(exported: readonly Declaration[]): string {
  const rows = CHAPTERS.map(([title, names]) => {
    const links = names.flatMap((name) =>
      exported.some((each) => each.name === name) ? [`[${name}](#${name.toLowerCase()})`] : [],
    );
    return listItem([`${title}: ${links.join(', ')}`]);
  });
  return ['## Functions', rows.join('\n')].join('\n\n');
}

/** Writes each declaration once: types behind the first function that names them. */
class PageWriter {
  readonly #exported: readonly Declaration[];
  readonly #written = new Set<string>();

  constructor(exported: readonly Declaration[]) {
    this.#exported = exported;
  }

  withItsTypes(declaration: Declaration): string[] {
    if (this.#written.has(declaration.name)) return [];
    this.#written.add(declaration.name);
    const types = this.#typesIn(declaration).filter(({ kind }) => kind === 'interface' || kind === 'type');
    return [this.#section(declaration), ...types.flatMap((each) => this.withItsTypes(each))];
  }

  others(): string[] {
    return this.#exported.flatMap((each) => this.withItsTypes(each));
  }

  /** The exported types that a declaration names, in its order. */
  #typesIn({ name, kind, code, members, bases }: Declaration): Declaration[] {
    const isHeader = kind === 'interface' || kind === 'class' || kind === 'const';
    const text = [...(isHeader ? [] : [code]), ...members.map((member) => member.code)].join('\n');
    const words = new Set(text.replace(/\/\*[\s\S]*?\*\/|'[^']*'/g, '').match(/\b[A-Z]\w*[a-z]\w*\b|\bURL\b/g));
    const parameters = new Set([...code.matchAll(/[<,]\s*(\w+) extends /g)].map(([, parameter]) => parameter));
    const found: Declaration[] = [];
    for (const word of words) {
      if (word === name || KNOWN.has(word) || parameters.has(word)) continue;
      const declaration = this.#exported.find((each) => each.name === word);
      if (declaration !== undefined) found.push(declaration);
      else throw new Error(`${name} names ${word}, which is not exported`);
    }
    const inherited = bases.flatMap((base) => (this.#isExported(base) ? [base] : this.#typesIn(base)));
    return [...new Set([...found, ...inherited])];
  }

  #isExported({ name }: Declaration): boolean {
    return this.#exported.some((each) => each.name === name);
  }

  #section(declaration: Declaration): string {
    const { name, kind, doc } = declaration;
    if (doc.paragraphs.length === 0) throw new Error(`${name} has no docstring`);
    const level = kind === 'interface' || kind === 'type' ? '####' : '###';
    const parts = [`${level} ${name}`, joined(doc.paragraphs)];
    if (kind === 'function' || kind === 'type') parts.push(codeBlock(declaration.code));
    if (kind === 'const' && /^const \w+:/.test(declaration.code)) {
      parts.push(codeBlock(declaration.code.replace(/ = [\s\S]*$/, '')));
    }
    const details = kind === 'function' ? detailsOf(doc) : [];
    if (details.length > 0) parts.push(details.join('\n'));
    const members = this.#members(declaration);
    if (members.length > 0) parts.push(members.map((member) => memberItem(name, member)).join('\n'));
    const bases = this.#linkedBases(declaration);
    if (bases.length > 0) parts.push(wrapped(`And what is in ${bases.join(', and in ')}.`));
    return parts.join('\n\n');
  }

  /** Its own, and those of bases that are not exported. */
  #members({ members, bases }: Declaration): Member[] {
    return [...bases.filter((base) => !this.#isExported(base)).flatMap((base) => this.#members(base)), ...members];
  }

  #linkedBases({ bases }: Declaration): string[] {
    const links = bases.flatMap((base) =>
      this.#isExported(base) ? [`[${base.name}](#${base.name.toLowerCase()})`] : this.#linkedBases(base),
    );
    return [...new Set(links)];
  }
}

/** Paragraphs, of which items of a list stand close together. */
function joined(paragraphs: readonly string[]): string {
  return paragraphs
    .map((text) => (text.startsWith('- ') ? listItem([text.slice(2)]) : wrapped(text)))
    .reduce(
      (page, text) =>
        `${page}${page.slice(page.lastIndexOf('\n\n')).includes('- ') && text.startsWith('- ') ? '\n' : '\n\n'}${text}`,
    );
}

function detailsOf({ params, returns, throws }: Docstring): string[] {
  return [
    ...[...params].map(([name, meaning]) => listItem([`\`${name}\`: ${meaning}`])),
    ...(returns === null ? [] : [listItem([`Returns ${returns}`])]),
    ...throws.map((what) => listItem([`Throws ${what}`])),
  ];
}

function memberItem(owner: string, { doc, code }: Member): string {
  const oneLine = code
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace('; }', ' }');
  const [first = '', ...others] = doc.paragraphs;
  const isShort = /^(?:constructor\b|\{|\[)/.test(oneLine);
  if (first === '' && !isShort) throw new Error(`${owner}: no docstring for ${oneLine}`);
  const more = [
    ...(doc.returns === null ? [] : [`Returns ${doc.returns}.`]),
    ...(doc.defaultValue === null ? [] : [`Default: ${doc.defaultValue}.`]),
    ...doc.throws.map((what) => `Throws ${what}.`),
  ].join(' ');
  const lead = `**\`${oneLine}\`** ${first}`.trim();
  const isOne = others.length === 0 && lead.length + more.length < LONGEST_PARAGRAPH;
  const paragraphs = isOne ? [`${lead} ${more}`.trim()] : [lead, ...others, ...(more === '' ? [] : [more])];
  return listItem(paragraphs);
}

function codeBlock(code: string): string {
  const text = code.trim().replace(/;?$/, ';');
  const tooLong = text.split('\n').find((line) => line.length > LONGEST_LINE);
  if (tooLong !== undefined) throw new Error(`a line of code is too long: ${tooLong}`);
  return `\`\`\`ts\n${text}\n\`\`\``;
}
