import { ERROR_CODES, type ErrorCode, type ErrorKind } from '../errors.ts';

/** Exit statuses of the command, with the sentence that help and README print. The one table of them. */
export const EXIT_STATUS = {
  0: 'done and complete',
  1: 'failed; nothing was committed or changed',
  2: 'wrong usage',
  3: 'committed, with files missing or inconsistent, or much less than before',
  4: 'a snapshot is not valid',
  5: 'a restore was interrupted and needs recovery',
  6: 'compared, and it differs',
  7: 'done in part; what was not done is named',
  130: 'interrupted (143 when terminated)',
} as const;

export type ExitStatus = keyof typeof EXIT_STATUS;

const STATUS_OF: Readonly<Record<ErrorKind, ExitStatus>> = {
  failed: 1,
  usage: 2,
  invalid: 4,
  interrupted: 5,
  partial: 7,
  aborted: 130,
};

/** Exit status of a command that ends in an error of this code. */
export function exitStatusOf(code: ErrorCode): ExitStatus {
  return STATUS_OF[ERROR_CODES[code]];
}
