/** foreign_reader.py, which was written from its chapter of the document alone, gives the status of the product. */
import { readFileSync, writeFileSync } from 'node:fs';
import { verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { IMPLIED } from '../fuzz/constructs/manifests.ts';
import { CONSTRUCTS } from '../fuzz/constructs.ts';
import { TAKEN } from '../fuzz/taken.ts';
import { HONEST_ARCHIVES } from '../malicious/valid.ts';
import { VECTORS } from '../malicious/vectors.ts';
import { TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { FOREIGN_ALONE, FOREIGN_NOT_ALONE, FOREIGN_RULES } from './foreign-rules.ts';
import { PYTHON, ReaderProcess, WITHOUT_PYTHON } from './reader-process.ts';

const room = new TempDir();
const reader = new ReaderProcess();
const constructs = Object.entries(CONSTRUCTS);
const vectors = VECTORS.filter(({ form }) => form === 'foreign');
const valid = HONEST_ARCHIVES.filter(({ form }) => form === 'foreign');

function archive(name: string): Buffer {
  const bytes = CONSTRUCTS[name] ?? IMPLIED[name] ?? vectors.find((vector) => vector.name === name)?.bytes;
  if (bytes === undefined) throw new Error(`there is no archive "${name}"`);
  return bytes();
}

/** What the document says behind each rule that the product answers. */
const answers = new Map(
  readFileSync(new URL('../../src/format/SNAPSHOT-FORMAT.md', import.meta.url), 'utf8')
    .split(/\n(?=- \*\*[A-Z]\d+\*\*|\n)/)
    .map((paragraph) => [/\*\*(F\d+)\*\*/.exec(paragraph)?.[1], paragraph.match(/`[A-Z]+_[A-Z_]+`/g) ?? []] as const),
);

test.skipIf(!PYTHON)(
  `every archive ends the same way${WITHOUT_PYTHON}`,
  () => {
    const cases = [
      ...constructs.map(([name, bytes]) => ({ name, bytes, accepted: TAKEN.has(name) })),
      ...vectors.map(({ name, bytes, verify }) => ({ name, bytes, accepted: verify === 'accepted' })),
      ...valid.map(({ name, bytes }) => ({ name, bytes, accepted: true })),
    ];
    const found = reader.rulesBroken(cases.map(({ bytes }) => ({ bytes: bytes() })));
    expect(found).toHaveLength(cases.length);
    const differ = cases.flatMap(({ name, accepted }, at) =>
      accepted === (found[at] === 'valid') ? [] : [`${name}: ${found[at]}, ${accepted ? 'accepted' : 'refused'}`],
    );
    expect(differ).toEqual([]);
  },
  300_000,
);

test('each rule is broken alone by an archive, or it is said why it cannot be', () => {
  expect([...Object.keys(FOREIGN_ALONE), ...Object.keys(FOREIGN_NOT_ALONE)].sort()).toEqual(
    Object.keys(FOREIGN_RULES).sort(),
  );
});

test.skipIf(!PYTHON)(
  `an archive that breaks one rule is refused for that, and is valid without it${WITHOUT_PYTHON}`,
  () => {
    const broken = Object.entries(FOREIGN_ALONE).map(([rule, name]) => {
      expect(FOREIGN_RULES[rule], rule).toContain(name);
      return { rule, bytes: archive(name) };
    });
    const named = reader.rulesBroken(broken.map(({ bytes }) => ({ bytes })));
    const without = reader.rulesBroken(broken.map(({ bytes, rule }) => ({ bytes, leftOut: rule })));
    expect(broken.map(({ rule }, at) => `${rule}: ${named[at]}, ${without[at]}`)).toEqual(
      broken.map(({ rule }) => `${rule}: ${rule}, valid`),
    );
  },
  300_000,
);

test.each(Object.entries(FOREIGN_RULES))(
  'what breaks %s is refused, with an answer that the document names',
  async (rule, names) => {
    for (const name of names) {
      const file = room.fresh('archive');
      writeFileSync(file, archive(name));
      const { problems } = await verifySnapshot({ snapshot: file, threads: 1 });
      const named = answers.get(rule) ?? [];
      const others = rule === 'F12' ? (answers.get('F16') ?? []) : [];
      expect([...named, ...others], name).toContain(`\`${problems[0]?.code}\``);
    }
  },
  60_000,
);

test.skipIf(!PYTHON || !TORTURE)(
  `a million directories without an entry are taken${WITHOUT_PYTHON}`,
  async () => {
    const file = room.fresh('archive');
    const bytes = archive('1,000,000 directories without an entry');
    writeFileSync(file, bytes);
    expect(await verifySnapshot({ snapshot: file, threads: 1 })).toMatchObject({ valid: true });
    expect(reader.rulesBroken([{ bytes }])).toEqual(['valid']);
  },
  60_000,
);
