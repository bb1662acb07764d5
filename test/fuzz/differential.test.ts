/** What `verify` accepts, all common readers of tar extract as a restore does: archives from elsewhere and sealed snapshots, mutated. */
import { writeFileSync } from 'node:fs';
import { verifySnapshot } from 'oxios-backup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directory, type Entry, file, hardLink, inOrder, symlink, tarBytes } from '../archives/entry.ts';
import { plainMember } from '../archives/gzip-member.ts';
import { manifestOf, manifestTar } from '../archives/manifest.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { END_OF_TAR } from '../archives/tar-bytes.ts';
import { CaseCounter, TORTURE } from '../torture/tally.ts';
import { TempDir } from '../workroom.ts';
import { LAYER_MUTATORS } from './layer-mutators.ts';
import { HEADER_MUTATORS, type Random, randomFrom } from './mutators.ts';
import { MISSING, Readers } from './readers.ts';
import { ROW_MUTATORS } from './row-mutators.ts';

const CASES = TORTURE ? 100_000 : 240;
const LIMIT = TORTURE ? 0 : 600_000;
const room = new TempDir();
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

/** Accepted and refused by mutator: one that never brings an accepted archive tries nothing. */
class Counts {
  readonly #rows = new Map<string, { accepted: number; refused: number }>();

  add(name: string, accepted: boolean): void {
    const row = this.#rows.get(name) ?? { accepted: 0, refused: 0 };
    row[accepted ? 'accepted' : 'refused']++;
    this.#rows.set(name, row);
  }

  print(what: string): void {
    const rows = [...this.#rows].map(([name, { accepted, refused }]) => `  ${name}: ${accepted} / ${refused}`);
    process.stdout.write(`\n${what}, accepted / refused by mutator\n${rows.join('\n')}\n`);
  }
}

async function compare(archive: Buffer): Promise<boolean> {
  const path = room.path('candidate.tar.gz');
  writeFileSync(path, archive);
  const { valid } = await verifySnapshot(path, { threads: 1 });
  if (valid) expect((await readers.compare(archive)) ?? {}).toEqual({});
  return valid;
}

/** The blocks of an entry with a change in the last of its headers, or in the first. */
function mutated(entry: Entry, mutate: (block: Buffer) => Buffer, random: Random): Buffer {
  const { header, body } = tarBytes(entry);
  const at = random(4) === 0 ? 0 : header.length - 512;
  return Buffer.concat([
    header.subarray(0, at),
    mutate(header.subarray(at, at + 512)),
    header.subarray(at + 512),
    body,
  ]);
}

function foreignArchive(name: string, random: Random): Buffer {
  const { version, created_at, oxios_version, sections } = manifestOf(ENTRIES);
  const chosen = random(ENTRIES.length);
  const mutator = HEADER_MUTATORS[name] as (block: Buffer, random: Random) => Buffer;
  const parts = ENTRIES.flatMap((entry, i) =>
    i === chosen ? mutated(entry, (block) => mutator(block, random), random) : Object.values(tarBytes(entry)),
  );
  const head = manifestTar(JSON.stringify({ version, created_at, oxios_version, sections }));
  return plainMember(Buffer.concat([head, ...parts, END_OF_TAR]));
}

/** Sealed anew around what was changed: in the row and the tar alike, in the tar alone, or in what holds them. */
function sealedSnapshot(name: string, random: Random): Buffer {
  const layers = LAYER_MUTATORS[name];
  if (layers !== undefined) return buildSnapshot(ENTRIES, layers(random));
  const chosen = random(ENTRIES.length);
  const row = ROW_MUTATORS[name];
  const entries = ENTRIES.map((entry, i) => {
    if (i !== chosen) return entry;
    if (row !== undefined) return row(entry, random);
    const mutator = HEADER_MUTATORS[name] as (block: Buffer, random: Random) => Buffer;
    const whole = mutated(entry, (block) => mutator(block, random), random);
    const { body } = tarBytes(entry);
    return { ...entry, header: whole.subarray(0, whole.length - body.length) };
  });
  return buildSnapshot(inOrder(entries), random(2) === 0 ? { entriesPerMember: 2 } : {});
}

const title = MISSING.length === 0 ? '' : ` (skipped: no ${MISSING.join(', ')} here)`;

const FORMS = [
  ['archives from elsewhere', foreignArchive, Object.keys(HEADER_MUTATORS)],
  ['sealed snapshots', sealedSnapshot, [ROW_MUTATORS, LAYER_MUTATORS, HEADER_MUTATORS].flatMap(Object.keys)],
] as const;

for (const [what, make, mutators] of FORMS) {
  test.skipIf(MISSING.length > 0)(
    `${what}${title}`,
    async (context) => {
      const tally = new CaseCounter(context, `${what}, mutated: refused, or the same tree for all readers`);
      const counts = new Counts();
      for (let seed = 0; seed < CASES / 2; seed++) {
        const name = mutators[seed % mutators.length] as string;
        await tally.case(`${name}, seed ${seed}`, async () => {
          counts.add(name, await compare(make(name, randomFrom(seed))));
        });
      }
      counts.print(what);
      tally.settle();
    },
    LIMIT,
  );
}
