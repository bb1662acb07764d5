import { BackupError } from '../errors.ts';
import { checkOptions, optionsSchema, wholeNumberSchema } from '../options.ts';
import { type Calendar, type CalendarDay, isoWeek, localCalendar } from './calendar.ts';
import { beforeDrops, type HeldAmount } from './drops.ts';

/**
 * How many snapshots to keep. A snapshot is kept if any rule keeps it. A rule that is absent or 0 keeps nothing; at least one must be given.
 *
 * Days, weeks (ISO 8601, from Monday), months and years are those of the local time zone. Only those that have a snapshot count, and of each
 * its newest snapshot is kept. A rule that has not yet found as many as it may keep also keeps the oldest snapshot.
 *
 * These are the rules of restic (0.17) and, rule by rule, of borg (1.2).
 */
export interface RetentionPolicy {
  /** Keep this many of the newest snapshots. */
  keepLast?: number;
  /** Keep the newest snapshot of each of the last so many days that have one. */
  keepDaily?: number;
  /** Keep the newest snapshot of each of the last so many weeks that have one. */
  keepWeekly?: number;
  /** Keep the newest snapshot of each of the last so many months that have one. */
  keepMonthly?: number;
  /** Keep the newest snapshot of each of the last so many years that have one. */
  keepYearly?: number;
}

type Rule = 'last' | 'daily' | 'weekly' | 'monthly' | 'yearly';

/**
 * Why a snapshot is kept.
 *
 * - `last` to `yearly`: by that rule.
 * - `oldest …`: by that rule, as the oldest snapshot, because the rule has not found enough others.
 * - `newest verified`: it is the newest of which every byte verifies.
 * - `newest complete`: it is the newest that is complete; the newest is not.
 * - `before a drop`: the one after it holds less than half of its files or bytes, and may be missing something.
 */
export type KeepReason =
  | 'last'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'yearly'
  | 'oldest last'
  | 'oldest daily'
  | 'oldest weekly'
  | 'oldest monthly'
  | 'oldest yearly'
  | 'newest verified'
  | 'newest complete'
  | 'before a drop';

/** What retention needs to know of a snapshot. */
export interface Retainable extends HeldAmount {
  name: string;
  time: Date;
  /** Whether every byte of it was verified just now. */
  verified: boolean;
  /** Whether nothing was lost when it was made. */
  complete: boolean;
}

/** A snapshot with the reasons for which it stays. Without any it goes. */
export interface Decided<T> {
  snapshot: T;
  reasons: KeepReason[];
}

const RULES: readonly {
  rule: Rule;
  option: keyof RetentionPolicy;
  bucket: (day: CalendarDay, at: number) => string;
}[] = [
  { rule: 'last', option: 'keepLast', bucket: (_day, at) => String(at) },
  { rule: 'daily', option: 'keepDaily', bucket: ({ year, month, day }) => `${year}-${month}-${day}` },
  { rule: 'weekly', option: 'keepWeekly', bucket: isoWeek },
  { rule: 'monthly', option: 'keepMonthly', bucket: ({ year, month }) => `${year}-${month}` },
  { rule: 'yearly', option: 'keepYearly', bucket: ({ year }) => String(year) },
];

const COUNT = wholeNumberSchema(0, 1_000_000);

/** Schemas of these options. */
export const POLICY_SHAPE = {
  keepLast: COUNT,
  keepDaily: COUNT,
  keepWeekly: COUNT,
  keepMonthly: COUNT,
  keepYearly: COUNT,
};

const policySchema = optionsSchema<RetentionPolicy>(POLICY_SHAPE);

/**
 * The policy among the options of an operation.
 *
 * @throws BackupError `USAGE` for a number that is not a count, and when no rule keeps anything
 */
export function policyOf(options: RetentionPolicy): RetentionPolicy {
  const { keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly } = options;
  const policy = { keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly } as RetentionPolicy;
  checkOptions(policySchema, policy);
  if (RULES.every(({ option }) => (policy[option] ?? 0) === 0)) {
    throw new BackupError('USAGE', 'no rule says which snapshots to keep', {
      hint: 'Give at least one of `keepLast`, `keepDaily`, `keepWeekly`, `keepMonthly`, `keepYearly`.',
    });
  }
  return policy;
}

/** Newest first. Of two made at the same time the one with the later name counts as newer, so that the order is always the same. */
function newestFirst(a: Retainable, b: Retainable): number {
  return b.time.getTime() - a.time.getTime() || (a.name < b.name ? 1 : a.name > b.name ? -1 : 0);
}

/**
 * Applies a policy to the snapshots of one source.
 *
 * @returns all of them, newest first
 * @throws BackupError `USAGE`, see `policyOf`
 */
export function applyRetention<T extends Retainable>(
  snapshots: readonly T[],
  policy: RetentionPolicy,
  calendar: Calendar = localCalendar,
): Decided<T>[] {
  policyOf(policy);
  const decided = snapshots.toSorted(newestFirst).map((snapshot): Decided<T> => ({ snapshot, reasons: [] }));
  const oldest = decided.at(-1);
  for (const { rule, option, bucket } of RULES) {
    const count = policy[option] ?? 0;
    // All seen, not just the last one: where clocks are set back over midnight, a day comes twice.
    const seen = new Set<string>();
    for (const [at, { snapshot, reasons }] of decided.entries()) {
      if (seen.size === count) break;
      const name = bucket(calendar(snapshot.time), at);
      if (!seen.has(name)) reasons.push(rule);
      seen.add(name);
    }
    if (seen.size < count && oldest !== undefined && !oldest.reasons.includes(rule))
      oldest.reasons.push(`oldest ${rule}`);
  }
  decided.find(({ snapshot }) => snapshot.verified)?.reasons.push('newest verified');
  const newestComplete = decided.find(({ snapshot }) => snapshot.verified && snapshot.complete);
  if (newestComplete?.reasons.includes('newest verified') === false) newestComplete.reasons.push('newest complete');
  const dropped = new Set(beforeDrops(decided.map(({ snapshot }) => snapshot)));
  for (const { snapshot, reasons } of decided) if (dropped.has(snapshot)) reasons.push('before a drop');
  return decided;
}
