import { describe, expect, test } from 'vitest';
import { VerdictList } from '../../src/create/verdict-list.ts';

const detail = 'why';

test('verdicts come in the order of the snapshot, the most severe of each path', () => {
  const list = new VerdictList();
  list.add({ path: 'b', verdict: 'unreadable', detail });
  list.add({ path: 'a-b', verdict: 'retried', detail });
  list.add({ path: 'a/b', verdict: 'trimmed', detail });
  list.add({ path: 'a/b', verdict: 'changed', detail: 'worse' });
  list.add({ path: 'a/b', verdict: 'retried', detail });
  for (const path of ['a', 'a/b', 'a-b']) list.sawEntry(path);
  expect(list.finish()).toEqual([
    { path: 'a/b', verdict: 'changed', detail: 'worse' },
    { path: 'a-b', verdict: 'retried', detail },
    { path: 'b', verdict: 'unreadable', detail },
  ]);
});

describe('a verdict agrees with whether the path is in the snapshot', () => {
  test.each([
    ['unreadable', true, 'changed'],
    ['vanished', true, 'changed'],
    ['changed', false, 'unreadable'],
    ['retried', false, 'unreadable'],
    ['vanished', false, 'vanished'],
    ['trimmed', true, 'trimmed'],
  ] as const)('%s, present: %s', (verdict, present, expected) => {
    const list = new VerdictList();
    list.add({ path: 'a', verdict, detail });
    if (present) list.sawEntry('a');
    expect(list.finish()).toEqual([{ path: 'a', verdict: expected, detail }]);
    // What is looked at again comes after the entry.
    const later = new VerdictList();
    for (let i = 0; i < 5000; i++) later.sawEntry(`other-${i}`);
    if (present) later.sawEntry('a');
    later.add({ path: 'a', verdict, detail });
    expect(later.finish()).toEqual([{ path: 'a', verdict: expected, detail }]);
  });
});

test('more than an index header holds end the run while there is time, with what to do', () => {
  const list = new VerdictList();
  const long = 'd'.repeat(4000);
  expect(() => {
    for (let i = 0; ; i++) list.add({ path: `${i}-${long}`, verdict: 'unreadable', detail });
  }).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED', exitStatus: 1, hint: expect.stringContaining('--exclude') }),
  );
});
