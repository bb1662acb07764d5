import { describe, expect, test } from 'vitest';
import { StatusList } from '../../src/create/status-list.ts';

const detail = 'why';

test('statuses come in the order of the snapshot, the most severe of each path', () => {
  const list = new StatusList();
  list.add({ path: 'b', status: 'unreadable', detail });
  list.add({ path: 'a-b', status: 'retried', detail });
  list.add({ path: 'a/b', status: 'truncated', detail });
  list.add({ path: 'a/b', status: 'inconsistent', detail: 'worse' });
  list.add({ path: 'a/b', status: 'retried', detail });
  for (const path of ['a', 'a/b', 'a-b']) list.sawEntry(path);
  expect(list.finish()).toEqual([
    { path: 'a/b', status: 'inconsistent', detail: 'worse' },
    { path: 'a-b', status: 'retried', detail },
    { path: 'b', status: 'unreadable', detail },
  ]);
});

describe('a status agrees with whether the path is in the snapshot', () => {
  test.each([
    ['unreadable', true, 'inconsistent'],
    ['deleted', true, 'inconsistent'],
    ['inconsistent', false, 'unreadable'],
    ['retried', false, 'unreadable'],
    ['deleted', false, 'deleted'],
    ['truncated', true, 'truncated'],
  ] as const)('%s, present: %s', (status, present, expected) => {
    const list = new StatusList();
    list.add({ path: 'a', status, detail });
    if (present) list.sawEntry('a');
    expect(list.finish()).toEqual([{ path: 'a', status: expected, detail }]);
    // What is looked at again comes after the entry.
    const later = new StatusList();
    for (let i = 0; i < 5000; i++) later.sawEntry(`other-${i}`);
    if (present) later.sawEntry('a');
    later.add({ path: 'a', status, detail });
    expect(later.finish()).toEqual([{ path: 'a', status: expected, detail }]);
  });
});

test('more than an index header holds end the run while there is time, with what to do', () => {
  const list = new StatusList();
  const long = 'd'.repeat(4000);
  expect(() => {
    for (let i = 0; ; i++) list.add({ path: `${i}-${long}`, status: 'unreadable', detail });
  }).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED', kind: 'failed', hint: expect.stringContaining('`excludes`') }),
  );
});
