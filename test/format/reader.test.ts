/** The reader that was written from the document alone gives the status of the product, snapshot by snapshot. */
import { expect, test } from 'vitest';
import { exampleSnapshot } from '../../fixtures/format-example.ts';
import { VECTORS } from '../malicious/vectors.ts';
import { PYTHON, type ReaderCase, ReaderProcess, WITHOUT_PYTHON } from './reader-process.ts';
import { ALONE, NOT_ALONE, RULES } from './rules.ts';

const reader = new ReaderProcess();
const rulesBroken = (cases: readonly ReaderCase[]) => reader.rulesBroken(cases);
const sealed = VECTORS.filter(({ form }) => form === 'sealed');

test.skipIf(!PYTHON)(`a valid snapshot is valid${WITHOUT_PYTHON}`, () => {
  expect(rulesBroken([{ bytes: exampleSnapshot() }])).toEqual(['valid']);
});

test.skipIf(!PYTHON)(
  `every malicious snapshot ends the same way${WITHOUT_PYTHON}`,
  () => {
    const statuses = rulesBroken(sealed.map(({ bytes }) => ({ bytes: bytes() })));
    expect(statuses).toHaveLength(sealed.length);
    const differ = sealed.flatMap(({ name, verify }, at) =>
      (verify === 'accepted') === (statuses[at] === 'valid') ? [] : [`${name}: ${statuses[at]}, not ${verify}`],
    );
    expect(differ).toEqual([]);
  },
  300_000,
);

test('each rule is broken alone by a snapshot, or it is said why it cannot be', () => {
  expect([...Object.keys(ALONE), ...Object.keys(NOT_ALONE)].sort()).toEqual(Object.keys(RULES).sort());
});

test.skipIf(!PYTHON)(
  `a snapshot that breaks one rule is refused for that, and is valid without it${WITHOUT_PYTHON}`,
  () => {
    const broken = Object.entries(ALONE).map(([rule, name]) => {
      const vector = sealed.find((each) => each.name === name);
      expect(RULES[rule], rule).toContain(name);
      return { rule, bytes: (vector as (typeof sealed)[number]).bytes() };
    });
    const named = rulesBroken(broken.map(({ bytes }) => ({ bytes })));
    const without = rulesBroken(broken.map(({ bytes, rule }) => ({ bytes, leftOut: rule })));
    expect(broken.map(({ rule }, at) => `${rule}: ${named[at]}, ${without[at]}`)).toEqual(
      broken.map(({ rule }) => `${rule}: ${rule}, valid`),
    );
  },
  300_000,
);
