/** The reader that was written from the document alone gives the status of the product, snapshot by snapshot. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { exampleSnapshot } from '../../fixtures/format-example.ts';
import { VECTORS } from '../malicious/vectors.ts';
import { ALONE, NOT_ALONE, RULES } from './rules.ts';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'oxios-reader-'));
const path = join(folder, 'snapshot.tar.gz');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One process for all: it takes a list of files and rules to leave out, and answers with the rule that is broken. An exception ends it. */
const SCRIPT = `
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import reader
for name, left_out in json.load(sys.stdin):
    reader.LEFT_OUT = set(left_out)
    with open(name, "rb") as file:
        try:
            reader.Snapshot(file).check()
            print("valid")
        except reader.Broken as broken:
            print(str(broken).split(":")[0])
`;

function verdictsOf(snapshots: readonly { bytes: Buffer; leftOut?: string }[]): string[] {
  const input = snapshots.map(({ bytes, leftOut }, number) => {
    writeFileSync(`${path}.${number}`, bytes);
    return [`${path}.${number}`, leftOut === undefined ? [] : [leftOut]];
  });
  const options = { encoding: 'utf8', input: JSON.stringify(input) } as const;
  const { status, stdout, stderr } = spawnSync('python3', ['-c', SCRIPT, here], options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

const python = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;
const title = python ? '' : ' (skipped: no python3 here)';
const sealed = VECTORS.filter(({ form }) => form === 'sealed');

test.skipIf(!python)(`a valid snapshot is valid${title}`, () => {
  expect(verdictsOf([{ bytes: exampleSnapshot() }])).toEqual(['valid']);
});

test.skipIf(!python)(
  `every malicious snapshot ends the same way${title}`,
  () => {
    const statuses = verdictsOf(sealed.map(({ bytes }) => ({ bytes: bytes() })));
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

test.skipIf(!python)(
  `a snapshot that breaks one rule is refused for that, and is valid without it${title}`,
  () => {
    const broken = Object.entries(ALONE).map(([rule, name]) => {
      const vector = sealed.find((each) => each.name === name);
      expect(RULES[rule], rule).toContain(name);
      return { rule, bytes: (vector as (typeof sealed)[number]).bytes() };
    });
    const named = verdictsOf(broken.map(({ bytes }) => ({ bytes })));
    const without = verdictsOf(broken.map(({ bytes, rule }) => ({ bytes, leftOut: rule })));
    expect(broken.map(({ rule }, at) => `${rule}: ${named[at]}, ${without[at]}`)).toEqual(
      broken.map(({ rule }) => `${rule}: ${rule}, valid`),
    );
  },
  300_000,
);
