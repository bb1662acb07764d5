/** The reader that was written from the document alone gives the status of the product, snapshot by snapshot. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { exampleSnapshot } from '../../fixtures/format-example.ts';
import { VECTORS } from '../malicious/vectors.ts';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'oxios-reader-'));
const path = join(folder, 'snapshot.tar.gz');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One process for all: it takes a line, checks the file, and answers with the rule that is broken. An exception ends it. */
const SCRIPT = `
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import reader
for name in sys.argv[2:]:
    with open(name, "rb") as file:
        try:
            reader.Snapshot(file).check()
            print("valid")
        except reader.Broken as broken:
            print(str(broken).split(":")[0])
`;

function verdictsOf(snapshots: readonly Buffer[]): string[] {
  const paths = snapshots.map((bytes, number) => {
    writeFileSync(`${path}.${number}`, bytes);
    return `${path}.${number}`;
  });
  const { status, stdout, stderr } = spawnSync('python3', ['-c', SCRIPT, here, ...paths], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

const python = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;
const title = python ? '' : ' (skipped: no python3 here)';

test.skipIf(!python)(`a valid snapshot is valid${title}`, () => {
  expect(verdictsOf([exampleSnapshot()])).toEqual(['valid']);
});

test.skipIf(!python)(
  `every malicious snapshot has the same verdict${title}`,
  () => {
    const sealed = VECTORS.filter(({ form }) => form === 'sealed');
    const statuses = verdictsOf(sealed.map(({ bytes }) => bytes()));
    expect(statuses).toHaveLength(sealed.length);
    const differ = sealed.flatMap(({ name, verify }, at) =>
      (verify === 'accepted') === (statuses[at] === 'valid') ? [] : [`${name}: ${statuses[at]}, not ${verify}`],
    );
    expect(differ).toEqual([]);
  },
  300_000,
);
