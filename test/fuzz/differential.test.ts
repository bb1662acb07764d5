/**
 * What `verify` accepts, all common readers of tar extract as a restore does: foreign archives and sealed snapshots, mutated. reader.py accepts
 * the same.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifySnapshot } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HeaderFields, hasRecordOfLines } from '../../src/format/tar-header.ts';
import { meansMoreOnWindows } from '../../src/format/windows-names.ts';
import { directory, type Entry, file, hardLink, inOrder, symlink, tarBytes } from '../archives/entry.ts';
import { plainMember } from '../archives/gzip-member.ts';
import { manifestOf, manifestTar } from '../archives/manifest.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { END_OF_TAR } from '../archives/tar-bytes.ts';
import { ReaderProcess } from '../format/reader-process.ts';
import { CaseCounter, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { FOREIGN_MUTATORS, type ForeignParts } from './foreign-mutators.ts';
import { LAYER_MUTATORS } from './layer-mutators.ts';
import { HEADER_MUTATORS, type Mutator, type Random, randomFrom } from './mutators.ts';
import { type ArchiveCase, type Disagreement, MISSING, Readers, restore } from './readers.ts';
import { REFUSED_AMONG_FOREIGN, REFUSED_AMONG_SEALED } from './refusal-only.ts';
import { type Outcome, restoreInThread } from './restore-in-thread.ts';
import { ROW_MUTATORS } from './row-mutators.ts';

const TYPES = { f: 'file', d: 'directory', l: 'symlink', h: 'hardlink' } as const;
/** Of each form. */
const CASES = TORTURE ? 50_000 : 500;
/** Cases of one test: a run that is cut off has told of those before. */
const CASES_PER_TEST = TORTURE ? 2500 : CASES;
/** Cases that one process of the readers gets at once. */
const BATCH = 50;
/** One case in so many is also verified and restored as a user does it. */
const WHOLE_EVERY = TORTURE ? 100 : 20;
const room = new TempDir();
const reader = new ReaderProcess();
let readers: Readers;

beforeAll(() => {
  readers = new Readers(room.fresh('readers'));
});

afterAll(() => readers.close());

const ENTRIES: Entry[] = inOrder([
  directory('memory'),
  directory('memory/facts'),
  file('memory/facts/a.json', '{"content":"a"}'),
  file('a.bin', 'content of a file\n'),
  file('blocks', Buffer.alloc(1024, 'block')),
  file(`${'n'.repeat(120)}`, 'a long name'),
  symlink('link', 'memory/facts'),
  hardLink('zz-hard', 'a.bin'),
]);

/** Accepted and refused by mutator: one that never brings an accepted archive tries no reader. */
class Counts {
  readonly rows = new Map<string, { accepted: number; refused: number }>();

  add(name: string, accepted: boolean): void {
    const row = this.rows.get(name) ?? { accepted: 0, refused: 0 };
    row[accepted ? 'accepted' : 'refused']++;
    this.rows.set(name, row);
  }

  print(what: string): void {
    const rows = [...this.rows].map(([name, { accepted, refused }]) => `  ${name}: ${accepted} / ${refused}`);
    process.stdout.write(`\n${what}, accepted / refused by mutator\n${rows.join('\n')}\n`);
  }
}

interface Made {
  archive: Buffer;
  changesNames: boolean;
}

/** A mutated archive, and what came of it. */
interface Tried {
  title: string;
  name: string;
  placed: ArchiveCase;
  outcome: Outcome;
  /** Whether it was verified and restored as a user does it too; null where that was not asked. */
  whole: { valid: boolean; restored: boolean } | null;
  /** Whether it has a name that these two change, as the format says of a sealed snapshot. */
  changesNames: boolean;
}

async function tryArchive(title: string, name: string, made: Made, asWhole: boolean): Promise<Tried> {
  const placed = readers.place(made.archive);
  const outcome = await restoreInThread(placed.file, placed.restored);
  let whole: Tried['whole'] = null;
  if (asWhole) {
    const { valid } = await verifySnapshot({ snapshot: placed.file, threads: 1 });
    whole = { valid, restored: await restore(placed.file, join(placed.folder, 'whole')) };
  }
  return { title, name, placed, outcome, whole, changesNames: made.changesNames };
}

/** Has the readers extract what was restored, and counts each case. */
async function settle(tried: readonly Tried[], counter: CaseCounter, counts: Counts): Promise<void> {
  const restored = tried.filter(({ outcome }) => outcome === 'restored');
  const found = await readers.compareRestored(restored.map(({ placed }) => placed));
  const inPython = reader.rulesBroken(tried.map(({ placed }) => ({ bytes: readFileSync(placed.file) })));
  for (const [number, { title, name, placed, outcome, whole, changesNames }] of tried.entries()) {
    counts.add(name, outcome !== 'refused');
    const at = restored.findIndex((each) => each.placed === placed);
    await counter.case(title, () => {
      expect(inPython[number] === 'valid', `reader.py: ${inPython[number]}`).toBe(outcome !== 'refused');
      if (whole !== null) expect(whole).toEqual({ valid: outcome !== 'refused', restored: outcome === 'restored' });
      if (at < 0) return;
      const { bsdtar, 'node-tar': nodeTar, ...others } = found[at] as Disagreement;
      const left = changesNames ? others : { bsdtar, 'node-tar': nodeTar, ...others };
      expect(JSON.stringify(left)).toBe('{}');
    });
    readers.remove(placed);
  }
}

/** The blocks of an entry with a change in the last of its headers, or in the first. */
function mutated(entry: Entry, mutate: Mutator, random: Random): Buffer {
  const { header, body } = tarBytes(entry);
  const at = random(4) === 0 ? 0 : header.length - 512;
  return Buffer.concat([
    header.subarray(0, at),
    mutate(header.subarray(at, at + 512), random),
    header.subarray(at + 512),
    body,
  ]);
}

/** The entry with another header before its body. */
function withHeader(entry: Entry, mutate: Mutator, random: Random): Entry {
  const whole = mutated(entry, mutate, random);
  const { body } = tarBytes(entry);
  return { ...entry, header: whole.subarray(0, whole.length - body.length) };
}

function foreignArchive(name: string, random: Random): Made {
  const { version, created_at, oxios_version } = manifestOf(ENTRIES);
  const entries = [...ENTRIES];
  const chosen = random(entries.length);
  const header = HEADER_MUTATORS[name];
  const row = ROW_MUTATORS[name];
  if (header !== undefined) entries[chosen] = withHeader(entries[chosen] as Entry, header, random);
  if (row !== undefined) entries[chosen] = row(entries[chosen] as Entry, random);
  const parts: ForeignParts = { manifest: Buffer.alloc(0), entries, end: END_OF_TAR, gzip: plainMember };
  FOREIGN_MUTATORS[name]?.(parts, random);
  const { sections } = manifestOf(parts.entries.map((entry) => ({ ...entry, path: entry.path.replace(/^\.\//, '') })));
  const head = manifestTar(JSON.stringify({ version, created_at, oxios_version, sections }));
  const blocks = parts.entries.flatMap((entry) => Object.values(tarBytes(entry)));
  return { archive: parts.gzip(Buffer.concat([head, ...blocks, parts.end])), changesNames: false };
}

/** Sealed anew around what was changed: in the row and the tar alike, in the tar alone, or in what holds them. */
function sealedSnapshot(name: string, random: Random): Made {
  const layers = LAYER_MUTATORS[name];
  if (layers !== undefined) return { archive: buildSnapshot(ENTRIES, layers(random)), changesNames: false };
  const chosen = random(ENTRIES.length);
  const row = ROW_MUTATORS[name];
  const entries = ENTRIES.map((entry, i) => {
    if (i !== chosen) return entry;
    return row === undefined ? withHeader(entry, HEADER_MUTATORS[name] as Mutator, random) : row(entry, random);
  });
  const archive = buildSnapshot(inOrder(entries), random(2) === 0 ? { entriesPerMember: 2 } : {});
  return { archive, changesNames: entries.some(isChanged) };
}

/** Whether bsdtar or node-tar give the entry another name than its own. */
function isChanged({ path, type, link }: Entry): boolean {
  const fields: HeaderFields = { path, type: TYPES[type], mode: 0, uid: 0, gid: 0, mtime: 0, size: 0 };
  if (link !== undefined) fields.link = link;
  return meansMoreOnWindows(fields) !== null || hasRecordOfLines(fields);
}

const FORMS = [
  {
    what: 'foreign archives',
    make: foreignArchive,
    mutators: [HEADER_MUTATORS, ROW_MUTATORS, FOREIGN_MUTATORS].flatMap(Object.keys),
    refused: REFUSED_AMONG_FOREIGN,
  },
  {
    what: 'sealed snapshots',
    make: sealedSnapshot,
    mutators: [ROW_MUTATORS, LAYER_MUTATORS, HEADER_MUTATORS].flatMap(Object.keys),
    refused: new Set([...REFUSED_AMONG_SEALED, ...Object.keys(HEADER_MUTATORS)]),
  },
];

for (const { what, make, mutators, refused } of FORMS) {
  describe.skipIf(MISSING.length > 0)(
    MISSING.length === 0 ? what : `${what} (skipped: no ${MISSING.join(', ')})`,
    () => {
      const counts = new Counts();
      const starts = Array.from({ length: Math.ceil(CASES / CASES_PER_TEST) }, (_, i) => i * CASES_PER_TEST);

      test.for(starts)('from seed %i on', { timeout: TORTURE ? 0 : 600_000 }, async (first, context) => {
        const counter = new CaseCounter(context, `${what}, mutated: refused, or the same tree for all readers`);
        for (let from = first; from < Math.min(first + CASES_PER_TEST, CASES); from += BATCH) {
          const tried: Tried[] = [];
          for (let seed = from; seed < from + BATCH; seed++) {
            const name = mutators[seed % mutators.length] as string;
            const made = make(name, randomFrom(seed));
            tried.push(await tryArchive(`${name}, seed ${seed}`, name, made, seed % WHOLE_EVERY === 0));
          }
          await settle(tried, counter, counts);
        }
        counter.finish();
      });

      test('every mutator has changes that are accepted, but for those that are there to be refused', () => {
        counts.print(what);
        const never = mutators.filter((name) => (counts.rows.get(name)?.accepted ?? 0) === 0);
        expect(never.filter((name) => !refused.has(name))).toEqual([]);
      });
    },
  );
}
