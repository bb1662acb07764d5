import { COMPLETE_FLAG } from '../../src/cli/completion-protocol.ts';
import { type Contender, takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

/** Names of the commands that are measured. */
export const BARE = 'node -e 0';
export const HELP = '--help';
export const SHOW_SMALL = 'show';
export const COMPLETE = 'completion of a word';

/** Each takes a fraction of a second, so that more rounds cost little. */
const LEAST_ROUNDS = 20;

/** What the command takes to start, beside Node.js alone. */
export async function benchStart(bench: Bench): Promise<void> {
  if (!bench.hasEngine) return;
  const snapshot = await bench.snapshotOf(await bench.data.named('tiny'));
  const contenders: readonly Contender[] = [
    { argv: [process.execPath, '-e', '0'], name: BARE },
    { ...bench.engine('--help'), name: HELP },
    { ...bench.engine('show', snapshot), name: SHOW_SMALL },
    { ...bench.engine(COMPLETE_FLAG, 'cr'), name: COMPLETE },
  ];
  const { measurements, failures } = await takeTurns(contenders, Math.max(bench.rounds, LEAST_ROUNDS), bench.say);
  for (const line of failures) bench.remarks.add(`start: ${line}`);
  bench.report({ id: 'start', title: 'Start of the command', measurements });
}
