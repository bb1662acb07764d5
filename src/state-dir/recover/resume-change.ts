import { stillNeedsRecovery } from '../commit/commit-change.ts';
import type { Journal } from '../commit/journal.ts';
import { resumeSwap } from '../commit/swap.ts';
import type { SwapResult } from '../commit/swap-paths.ts';
import type { Location } from '../location.ts';
import { resumeExchange } from '../merge/exchange.ts';

/**
 * Finishes or rolls back what a killed run left, and forgets its journal.
 *
 * @throws `NEEDS_RECOVERY`; it may be tried again
 */
export function resumeChange(location: Location, journal: Journal): SwapResult {
  try {
    return journal.strategy === 'exchange' ? resumeExchange(location, journal) : resumeSwap(location, journal);
  } catch (error) {
    throw stillNeedsRecovery(location, error);
  }
}
