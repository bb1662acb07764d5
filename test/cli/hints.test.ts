import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const whole = () => readFileSync(bench.path('s.tar.gz'));

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  expect(await bench.run(['create', 's.tar.gz', '--state-dir', 'state'])).toMatchObject({ status: 0 });
  writeFileSync(bench.path('empty.tar.gz'), '');
  writeFileSync(bench.path('cut.tar.gz'), whole());
  truncateSync(bench.path('cut.tar.gz'), 3000);
  writeFileSync(bench.path('longer.tar.gz'), whole());
  appendFileSync(bench.path('longer.tar.gz'), 'junk');
});

it.each([
  ['verify', 'empty.tar.gz'],
  ['show', 'empty.tar.gz'],
  ['restore', 'empty.tar.gz', '--state-dir', 'new'],
  ['restore', 'empty.tar.gz', '--salvage', 'rescued'],
])('nobody is sent for a copy of an empty file, or to salvage it: %s %s %s', async (...args) => {
  const { out, err } = await bench.run(args);
  expect(out + err).toContain('empty (0 bytes)');
  expect(out + err).not.toMatch(/copy of|--salvage/);
});

it('an empty file says what may have happened', async () => {
  expect((await bench.run(['show', 'empty.tar.gz'])).err).toContain('Writing or copying it was perhaps broken off.');
});

it('who salvages is not advised to', async () => {
  for (const name of ['cut.tar.gz', 'longer.tar.gz']) {
    const { out, err } = await bench.run(['restore', name, '--salvage', bench.fresh('rescued')]);
    expect(out + err).not.toMatch(/another copy|--salvage|untouched/);
    const json = lastJson((await bench.run(['restore', name, '--salvage', bench.fresh('rescued'), '--json'])).out);
    for (const problem of (json.problems as object[] | undefined) ?? []) expect(problem).not.toHaveProperty('hint');
  }
  expect((await bench.run(['show', 'cut.tar.gz'])).err).toContain('restore SNAPSHOT --salvage DIR');
});

it('what was appended can be cut off as the hint says', async () => {
  const { err } = await bench.run(['show', 'longer.tar.gz']);
  const [, length] = /head -c (\d+) FILE > COPY/.exec(err) ?? [];
  writeFileSync(bench.path('mended.tar.gz'), readFileSync(bench.path('longer.tar.gz')).subarray(0, Number(length)));
  expect((await bench.run(['verify', 'mended.tar.gz'])).status).toBe(0);
});

it('a path through a file is distinguished from a failing disk', async () => {
  expect((await bench.run(['show', 's.tar.gz/x.tar.gz'])).err).toContain('a file, not a directory');
});
