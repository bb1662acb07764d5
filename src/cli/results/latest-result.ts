import type { LatestSnapshot } from '../../index.ts';
import type { Result } from '../report/reporter.ts';

/** Adds to the JSON of a restore which snapshot of a folder was taken. On a terminal it was named before the restore began. */
export function withLatest(result: Result, latest: LatestSnapshot | null): Result {
  if (latest === null) return result;
  const { snapshot, passedOver } = latest;
  return { ...result, fields: { ...result.fields, taken: snapshot.path, passed_over: passedOver } };
}
