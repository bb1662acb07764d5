import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { verifySnapshot } from 'oxios-backup';
import { describe, expect, test } from 'vitest';
import { exampleDocument, exampleSnapshot } from '../../fixtures/format-example.ts';
import { VECTORS } from '../malicious/vectors.ts';
import { FOREIGN_RULES } from './foreign-rules.ts';
import { RULES } from './rules.ts';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../src/format/${name}`, import.meta.url)), 'utf8');
const document = read('SNAPSHOT-FORMAT.md');
const numbered = [...document.matchAll(/\*\*([A-Z]\d+)\*\*/g)].map(([, rule]) => rule as string);
const refused = new Set(
  VECTORS.filter((vector) => vector.form === 'sealed' && vector.verify !== 'accepted').map(({ name }) => name),
);

test('rules are numbered without a gap', () => {
  const last = new Map<string, number>();
  for (const rule of numbered) {
    const [letter, number] = [rule.slice(0, 1), Number(rule.slice(1))];
    expect(number, rule).toBe((last.get(letter) ?? 0) + 1);
    last.set(letter, number);
  }
  expect(numbered.length).toBeGreaterThan(80);
});

test('each rule has snapshots that break it, and no others are listed', () => {
  expect(Object.keys({ ...RULES, ...FOREIGN_RULES }).sort()).toEqual([...numbered].sort());
});

// That they are refused, by verify and by restore, is test/malicious's business.
test.each(Object.entries(RULES))('what breaks %s is refused', (_, names) => {
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !refused.has(name))).toEqual([]);
});

describe('what the document says of malicious snapshots', () => {
  test('names rules that there are', () => {
    const rows = document
      .slice(document.indexOf('| the attempt'))
      .split('\n')
      .filter((line) => line.startsWith('| '));
    for (const row of rows.slice(1)) {
      const cell = row.split('|')[2] as string;
      if (cell.includes('---')) continue;
      for (const [rule] of cell.matchAll(/[A-Z]\d+/g)) expect(numbered).toContain(rule);
    }
  });
});

test('the example is what its script makes of it', () => {
  expect(read('SNAPSHOT-EXAMPLE.md')).toBe(exampleDocument());
});

test('the example is a valid snapshot', async () => {
  const { valid, problems } = await verifySnapshot({ snapshot: Readable.from([exampleSnapshot()]) });
  expect({ valid, problems }).toEqual({ valid: true, problems: [] });
});
