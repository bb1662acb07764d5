import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawTime, writeConversation, writeMarkdown, writeRecord } from './data/documents.ts';
import { Prose } from './data/prose.ts';
import { Random } from './data/random.ts';

/** Raised whenever the same parameters give other data than before: cached data sets are then made anew. */
export const GENERATOR_VERSION = 1;

/** Sizes of files in bytes: the logarithm is normal, the mean is 2.5 KB. */
const SIZE = { logMean: Math.log(1986), logDeviation: 0.71, least: 120, most: 64_000 };

type Name = 'uuid' | 'date' | 'slug';
type Writer = (random: Random, prose: Prose, length: number) => string;

interface Kind {
  /** How many of a hundred files are of this kind. */
  readonly share: number;
  readonly folder: (random: Random, files: number) => string;
  readonly name: Name;
  readonly write: Writer;
}

const kind = (share: number, folder: string, name: Name, write: Writer): Kind => ({
  share,
  folder: () => folder,
  name,
  write,
});

/** What stands in a real workspace: the nine categories, then what lies beside them. */
const KINDS: readonly Kind[] = [
  kind(3, 'seeds', 'uuid', writeRecord),
  kind(4, 'evals', 'uuid', writeRecord),
  kind(12, 'memory/conversations', 'uuid', writeConversation),
  kind(7, 'memory/sessions', 'date', writeConversation),
  kind(19, 'memory/facts', 'uuid', writeRecord),
  kind(10, 'memory/episodes', 'date', writeRecord),
  kind(8, 'memory/knowledge', 'slug', writeMarkdown),
  kind(15, 'sessions', 'uuid', writeConversation),
  kind(1, 'agent_groups', 'slug', writeRecord),
  kind(2, 'agents', 'uuid', writeRecord),
  kind(1, 'personas', 'slug', writeMarkdown),
  kind(2, 'email_sent', 'date', writeRecord),
  kind(4, 'knowledge-saves', 'uuid', writeMarkdown),
  {
    share: 3,
    folder: (random) => `audit/2025/${String(1 + random.below(12)).padStart(2, '0')}`,
    name: 'date',
    write: writeRecord,
  },
  {
    share: 2,
    folder: (random, files) => `skills/skill-${random.below(1 + files / 100)}`,
    name: 'slug',
    write: writeMarkdown,
  },
  {
    share: 7,
    folder: (random, files) =>
      `projects/project-${random.below(1 + files / 100)}/${random.pick(['notes', 'plans', 'reviews/weekly'])}`,
    name: 'date',
    write: writeMarkdown,
  },
];

/** What {@link generateTree} made. */
export interface GeneratedTree {
  readonly files: number;
  /** Sum of the files' sizes. */
  readonly bytes: number;
}

/**
 * Writes a tree like an Oxios workspace of many small files, the same for the same arguments: names, contents and
 * modification times.
 *
 * @param root - a folder; made if it is missing.
 * @param parameters - `files`: how many; `seed`: any whole number.
 */
export function generateTree(
  root: string,
  parameters: { readonly files: number; readonly seed: number },
): GeneratedTree {
  const { files, seed } = parameters;
  const random = new Random(seed);
  const prose = new Prose(random);
  const lots = KINDS.flatMap((each) => Array.from({ length: each.share }, () => each));
  const folders = new Map<string, number>();
  let bytes = 0;
  mkdirSync(root, { recursive: true });
  for (let index = 0; index < files; index++) {
    const { folder: drawFolder, name, write } = random.pick(lots);
    const folder = drawFolder(random, files);
    const time = drawTime(random);
    if (!folders.has(folder)) mkdirSync(path.join(root, folder), { recursive: true });
    folders.set(folder, time);
    const content = Buffer.from(write(random, prose, drawSize(random)));
    const extension = write === writeMarkdown ? 'md' : 'json';
    const file = path.join(root, folder, `${drawName(name, random, prose, time, index)}.${extension}`);
    writeFileSync(file, content, { mode: 0o644 });
    utimesSync(file, time, time);
    bytes += content.length;
  }
  settleFolders(root, folders);
  return { files, bytes };
}

function drawSize(random: Random): number {
  const size = Math.exp(SIZE.logMean + SIZE.logDeviation * random.normal());
  return Math.round(Math.min(SIZE.most, Math.max(SIZE.least, size)));
}

/** The index in the names that are not UUIDs keeps them apart. */
function drawName(name: Name, random: Random, prose: Prose, time: number, index: number): string {
  if (name === 'uuid') return random.uuid();
  const day = new Date(time * 1000).toISOString().slice(0, 10);
  return name === 'date' ? `${day}-${index.toString(36)}` : `${prose.slug(3)}-${index.toString(36)}`;
}

/** Making files touched the folders; gives all of them a time that depends on the seed alone. */
function settleFolders(root: string, folders: ReadonlyMap<string, number>): void {
  const times = new Map<string, number>([['', 0]]);
  for (const [folder, time] of folders) {
    for (let each = folder; each !== '.'; each = path.dirname(each)) times.set(each, time);
    times.set('', time);
  }
  for (const [folder, time] of times) utimesSync(path.join(root, folder), time, time);
}
