import { stillNeedsRecovery } from './commit-change.ts';
import { resumeExchange } from './exchange.ts';
import type { Journal } from './journal.ts';
import type { Place } from './place.ts';
import { resumeSwap } from './swap.ts';
import type { SwapResult } from './swap-paths.ts';

/**
 * Finishes or takes back what a killed run left, and forgets its journal.
 *
 * @throws `NEEDS_RECOVERY`; it may be tried again
 */
export function resumeChange(place: Place, journal: Journal): SwapResult {
  try {
    return journal.strategy === 'exchange' ? resumeExchange(place, journal) : resumeSwap(place, journal);
  } catch (error) {
    throw stillNeedsRecovery(place, error);
  }
}
