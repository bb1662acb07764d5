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
const IDS = [0, 1, 1000, 8 ** 7 - 1, 8 ** 7, 2 ** 32 - 2];
const TIMES = [0, 1, -1, 8 ** 11 - 1, 8 ** 11, 1_770_000_000];
const MODES = [0, 0o644, 0o777, 0o1777, 0o2755, 0o4755, 0o10644];

export const ROW_MUTATORS: Record<string, (entry: Entry, random: Random) => Entry> = {
  'row path': (entry, random) => ({ ...entry, path: pick(NAMES, random) }),
  'row type': (entry, random) => ({ ...entry, type: pick(['f', 'd', 'l', 'h'] as const, random) }),
  'row mode': (entry, random) => ({ ...entry, mode: pick(MODES, random) & 0o7777 }),
  'row uid': (entry, random) => ({ ...entry, uid: pick(IDS, random) }),
  'row gid': (entry, random) => ({ ...entry, gid: pick(IDS, random) }),
  'row mtime': (entry, random) => ({ ...entry, mtime: pick(TIMES, random) }),
  'row nanoseconds': (entry, random) => ({ ...entry, mtimeNs: pick([0, 1, 999_999_999, 1e9], random) }),
  'row link': (entry, random) => ({ ...entry, link: pick(TARGETS, random) }),
  'row size': (entry, random) => ({ ...entry, index: { size: pick([0, 1, 512, 2 ** 40], random) } }),
  'row content': (entry, random) =>
    entry.type === 'f' ? { ...entry, content: Buffer.alloc(pick([0, 1, 511, 512, 513], random), 'c') } : entry,
  'padding of content': (entry, random) => {
    if (entry.type !== 'f') return entry;
    const body = Buffer.alloc(512);
    (entry.content ?? Buffer.alloc(0)).copy(body, 0, 0, 511);
    body[511 - random(4)] = 1;
    return { ...entry, body };
  },
};
