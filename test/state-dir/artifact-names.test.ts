import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareStamps,
  hiddenKind,
  isOwnArtifact,
  NAMES_INSIDE,
  namesBeside,
  nextStamp,
  parseStamp,
  stampDate,
} from '../../src/state-dir/artifact-names.ts';

const NOW = new Date('2026-11-22T10:20:30.400Z');

test('what is ours is distinguished from what is not', () => {
  const ours = [
    '.oxios-backup',
    '.workspace.oxios-backup.lock-0123456789abcdef',
    '.workspace.oxios-backup.lock-0123456789abcdef.tmp',
    '.workspace.oxios-backup.journal',
    '.workspace.oxios-backup.journal.tmp',
    '.workspace.oxios-backup.history',
    '.workspace.oxios-backup.history.tmp',
    '.a b.c.oxios-backup.staging-0123456789abcdef',
    '.workspace.oxios-backup.trash-0123456789abcdef',
  ];
  for (const name of ours) expect(isOwnArtifact(name), name).toBe(true);
  const others = [
    'oxios-backup',
    '.oxios-backup.md',
    '.oxios-backups',
    'workspace.oxios-backup.journal',
    '.workspace.oxios-backup.journal.md',
    '.workspace.oxios-backup.lock-short',
    'workspace.replaced-20261122_102030',
  ];
  for (const name of others) expect(isOwnArtifact(name), name).toBe(false);
});

test('a kept tree counts only beside its own state directory', () => {
  expect(isOwnArtifact('workspace.replaced-20261122_102030', 'workspace')).toBe(true);
  expect(isOwnArtifact('workspace.replaced-20261122_102030-7', 'workspace')).toBe(true);
  expect(isOwnArtifact('workspace.merged-20261122_102030', 'workspace')).toBe(true);
  expect(isOwnArtifact('workspace.aside-20261122_102030', 'workspace')).toBe(true);
  expect(isOwnArtifact('workspace.replaced-20261122_102030', 'other')).toBe(false);
  expect(isOwnArtifact('workspace.replaced-yesterday', 'workspace')).toBe(false);
});

test('a new stamp sorts behind all others, also when the clock went back', () => {
  const prefix = 'workspace.replaced-';
  const stamp = fc.record({
    text: fc.constantFrom('20250101_000000', '20261122_102030', '20990101_000000'),
    serial: fc.nat(12),
  });
  fc.assert(
    fc.property(fc.array(stamp), (stamps) => {
      const mine = parseStamp(prefix + nextStamp(stamps, NOW), prefix);
      expect(mine).not.toBeNull();
      for (const other of stamps) expect(mine && compareStamps(other, mine)).toBeLessThan(0);
    }),
  );
  expect(nextStamp([], NOW)).toBe('20261122_102030');
});

test('a stamp is a moment in UTC', () => {
  expect(stampDate({ text: '20261122_102030', serial: 3 }).toISOString()).toBe('2026-11-22T10:20:30.000Z');
});

test('the names of a state directory with the longest name fit into a file name', () => {
  const names = namesBeside('ä'.repeat(127));
  expect(Buffer.byteLength(`${names.hidden}staging-0123456789abcdef`)).toBeLessThan(255);
  expect(hiddenKind(`${names.hidden}journal`, names)).toBe('journal');
  expect(hiddenKind('journal', NAMES_INSIDE)).toBe('journal');
  expect(hiddenKind('journal', names)).toBeNull();
});
