import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProgressLine } from '../../src/cli/report/progress-line.ts';
import { progressText } from '../../src/cli/report/progress-text.ts';
import type { OutputStream } from '../../src/cli/terminal.ts';
import { screen } from './screen.ts';

const MIB = 1024 * 1024;
const HALF = {
  phase: 'extract',
  entries: 5000,
  totalEntries: 10_000,
  bytes: 50 * MIB,
  totalBytes: 100 * MIB,
  elapsedMs: 5000,
} as const;

describe('progressText', () => {
  it('shows phase, share, entries, bytes, rate and the time left', () => {
    expect(progressText(HALF, 100)).toBe(
      'extracting  50%  5,000/10,000 entries  50 MiB of 100 MiB  10 MiB/s  0:05 left',
    );
  });

  it('shows what is known while the totals are not', () => {
    expect(progressText({ phase: 'capture', entries: 12, bytes: 3 * MIB, elapsedMs: 100 }, 100)).toBe(
      'capturing  12 entries  3.0 MiB',
    );
    expect(progressText({ phase: 'sync', entries: 0, bytes: 0, elapsedMs: 0 }, 100)).toBe('syncing to disk');
  });

  it('counts entries for something: a large file is not all that there is', () => {
    const one = { phase: 'capture', entries: 1, bytes: 80 * MIB, totalEntries: 10_001, totalBytes: 80 * MIB } as const;
    expect(progressText({ ...one, elapsedMs: 100 }, 100)).toContain('  50%  ');
    const empty = { phase: 'capture', entries: 5, bytes: 0, totalEntries: 10, totalBytes: 0, elapsedMs: 100 } as const;
    expect(progressText(empty, 100)).toContain('  50%  ');
  });

  it('calls an estimate one, and never takes it for the end', () => {
    expect(progressText({ ...HALF, phase: 'capture', estimated: true }, 100)).toBe(
      'capturing  about 50%  5,000 entries  50 MiB of about 100 MiB  10 MiB/s  about 0:05 left',
    );
    const all = { ...HALF, entries: 10_000, bytes: 100 * MIB, estimated: true } as const;
    expect(progressText(all, 100)).toContain('about 99%');
  });

  it('names which of several snapshots is verified, in the room that there is', () => {
    const snapshot = { name: 'oxios-backup-20261122T101530Z-k3fa.tar.gz', number: 3, total: 20 };
    const check = { ...HALF, phase: 'check', snapshot } as const;
    expect(progressText(check, 100)).toMatch(/^verifying oxios-backup-20261122T101530Z-k3fa\.tar\.gz \(3\/20\) {2}50%/);
    expect(progressText(check, 40)).toBe('verifying oxios-ba…a.tar.gz (3/20)  50%');
    expect(progressText({ ...check, snapshot: { name: '日程\u001b.tar.gz' } }, 100)).toMatch(
      /^verifying 日程\\u001b\.tar\.gz {2}50%/,
    );
  });

  it('leaves out from behind what a narrow terminal cannot hold', () => {
    expect(progressText(HALF, 40)).toBe('extracting  50%  5,000/10,000 entries');
    expect(progressText(HALF, 6)).toBe('extrac');
  });

  it('never exceeds the width, and is plain ASCII', () => {
    const amount = fc.nat({ max: 2 ** 40 });
    const state = fc.record({
      phase: fc.constantFrom('capture', 'check', 'extract', 'commit' as const),
      entries: amount,
      bytes: amount,
      elapsedMs: amount,
    });
    fc.assert(
      fc.property(state, amount, amount, fc.nat({ max: 120 }), (some, totalEntries, totalBytes, columns) => {
        const totals = { totalEntries, totalBytes };
        for (const whole of [some, { ...some, ...totals }, { ...some, ...totals, estimated: true }]) {
          const text = progressText(whole as never, columns);
          expect(text.length).toBeLessThanOrEqual(columns);
          expect(text).toMatch(/^[ -~]*$/);
        }
      }),
    );
  });
});

describe('ProgressLine', () => {
  function drawn(
    columns: number,
    play: (line: ProgressLine, stream: OutputStream, clock: { now: number }) => void,
  ): string {
    let written = '';
    const stream: OutputStream = new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    });
    stream.columns = columns;
    const clock = { now: 0 };
    play(new ProgressLine(stream, () => clock.now), stream, clock);
    return written;
  }

  const progress = (entries: number) => ({ type: 'progress', phase: 'capture', entries, bytes: 0 }) as const;

  it('draws over itself, not too often, and is gone in the end', () => {
    const text = drawn(80, (line, _stream, clock) => {
      line.show(progress(1));
      clock.now = 50;
      line.show(progress(2));
      clock.now = 150;
      line.show(progress(3));
      line.end();
    });
    expect(text).toContain('capturing  1 entry');
    expect(text).not.toContain('2 entries');
    expect(text).toContain('\u001b[1G\u001b[0Kcapturing  3 entries');
    expect(text).not.toContain('\n');
    expect(screen(text)).toBe('');
  });

  it('follows the terminal when that is resized', () => {
    const text = drawn(80, (line, stream) => {
      line.show(progress(1));
      stream.columns = 6;
      stream.emit('resize');
    });
    expect(screen(text)).toBe('captu');
  });

  it('makes room for a message and comes back', () => {
    const text = drawn(80, (line, stream) => {
      line.show(progress(1));
      line.clear();
      stream.write('a message\n');
      line.show(progress(2));
    });
    expect(screen(text)).toBe('a message\ncapturing  2 entries');
  });
});
