import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../src/cli/text/display-width.ts';
import { renderTable } from '../../../src/cli/text/table.ts';

const ROWS = [
  ['name', 'size', 'growth'],
  ['oxios-backup-20261122T101530Z-k3fa.tar.gz', '1.2 MiB', '+12 KiB'],
  ['日程.tar.gz', '3 B', ''],
];
const COLUMNS = [{ gives: 2, least: 12 }, { right: true }, { right: true, gives: 1 }];

describe('a table', () => {
  it('is whole where there is no window, or room', () => {
    const whole = [
      'name                                          size   growth',
      'oxios-backup-20261122T101530Z-k3fa.tar.gz  1.2 MiB  +12 KiB',
      '日程.tar.gz                                    3 B',
    ];
    expect(renderTable({ columns: COLUMNS, rows: ROWS }, null)).toEqual(whole);
    expect(renderTable({ columns: COLUMNS, rows: ROWS }, 59)).toEqual(whole);
  });

  it('leaves columns out, then shortens names, before lines would be broken', () => {
    expect(renderTable({ columns: COLUMNS, rows: ROWS }, 58)).toEqual([
      'name                                          size',
      'oxios-backup-20261122T101530Z-k3fa.tar.gz  1.2 MiB',
      '日程.tar.gz                                    3 B',
    ]);
    expect(renderTable({ columns: COLUMNS, rows: ROWS, indent: 2 }, 30)).toEqual([
      '  name                    size',
      '  oxios-bac…fa.tar.gz  1.2 MiB',
      '  日程.tar.gz              3 B',
    ]);
  });

  it('shortens no name for the sake of a column that is omitted after all', () => {
    const columns = [{ gives: 2 }, { gives: 1, least: 4 }];
    const rows = [['2026-11-22 10:57:28+01:00', 'a-name-of-twenty-one']];
    expect(renderTable({ columns, rows }, 25)).toEqual(['a-name-of-twenty-one']);
  });

  it('breaks a last column that may be, at spaces', () => {
    const table = { columns: [{}, { wraps: true }], rows: [['excluded', 'logs and caches, and what is rebuilt']] };
    expect(renderTable(table, 30)).toEqual(['excluded  logs and caches, and', '          what is rebuilt']);
    expect(renderTable(table, null)).toEqual(['excluded  logs and caches, and what is rebuilt']);
  });

  it('shows nothing that a terminal would act upon', () => {
    expect(renderTable({ columns: [{}, {}], rows: [['\u001b[31m', 'x']] }, 80)).toEqual(['\\u001b[31m  x']);
  });

  it('is never wider than a window in which it has room', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 30 });
    const columns = [{ gives: 2, least: 8 }, { gives: 1 }, { right: true, gives: 3 }, { gives: 4, least: 8 }];
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 4, maxLength: 4 })),
        fc.integer({ min: 20, max: 140 }),
        (rows, width) => {
          for (const line of renderTable({ columns, rows }, width))
            expect(displayWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
