/** Changes of one field of an entry, in the index and in the tar alike: what a malicious writer could seal. */
import type { Entry } from '../archives/entry.ts';
import { pick, type Random } from './mutators.ts';

const NAMES = [
  'b.bin',
  'b\nc',
  ' b ',
  'memory/x',
  'é'.repeat(60),
  'n'.repeat(100),
  'n'.repeat(101),
  'memory/facts/./x',
];
const TARGETS = ['a.bin', './a.bin', 'memory', '..', 'nowhere', 'é'.repeat(60), 't'.repeat(101), ''];
/** A name of such pieces: in 100,000 cases they are not the same few. */
function nameOf(random: Random): string {
  const pieces = [
    'a',
    'b.json',
    'é',
    '日本',
    '🌾',
    ' ',
    '.',
    '..',
    '-',
    '\\',
    'C:',
    '\n',
    '\t',
    '%2e',
    'n'.repeat(40),
    'x'.repeat(100),
    '/',
  ];
  return Array.from({ length: 1 + random(5) }, () => pick(pieces, random)).join('');
}

const IDS = [0, 1, 1000, 8 ** 7 - 1, 8 ** 7, 2 ** 32 - 2];
const TIMES = [0, 1, -1, 8 ** 11 - 1, 8 ** 11, 1_770_000_000];
const MODES = [0, 0o644, 0o777, 0o1777, 0o2755, 0o4755, 0o10644];

export const ROW_MUTATORS: Record<string, (entry: Entry, random: Random) => Entry> = {
  'row path': (entry, random) => ({ ...entry, path: random(3) === 0 ? pick(NAMES, random) : nameOf(random) }),
  'row type': (entry, random) => ({ ...entry, type: pick(['f', 'd', 'l', 'h'] as const, random) }),
  'row mode': (entry, random) => ({ ...entry, mode: random(2) === 0 ? pick(MODES, random) & 0o7777 : random(0o10000) }),
  'row uid': (entry, random) => ({ ...entry, uid: random(2) === 0 ? pick(IDS, random) : random(2 ** 32) }),
  'row gid': (entry, random) => ({ ...entry, gid: random(2) === 0 ? pick(IDS, random) : random(2 ** 32) }),
  'row mtime': (entry, random) => ({
    ...entry,
    mtime: random(2) === 0 ? pick(TIMES, random) : random(2 ** 32) - 2 ** 31,
  }),
  'row nanoseconds': (entry, random) => ({
    ...entry,
    mtimeNs: random(2) === 0 ? pick([0, 1, 999_999_999, 1e9], random) : random(1e9),
  }),
  'row link': (entry, random) => ({ ...entry, link: random(3) === 0 ? pick(TARGETS, random) : nameOf(random) }),
  'row size': (entry, random) => ({ ...entry, index: { size: pick([0, 1, 512, 2 ** 40], random) } }),
  'row content': (entry, random) =>
    entry.type === 'f'
      ? {
          ...entry,
          content: Buffer.alloc(
            random(2) === 0 ? pick([0, 1, 511, 512, 513], random) : random(5000),
            `c${random(1e9)}`,
          ),
        }
      : entry,
  'padding of content': (entry, random) => {
    if (entry.type !== 'f') return entry;
    const body = Buffer.alloc(512);
    (entry.content ?? Buffer.alloc(0)).copy(body, 0, 0, 511);
    body[511 - random(4)] = 1;
    return { ...entry, body };
  },
};
