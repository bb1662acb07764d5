import type { RangeReader } from './range-reader.ts';

/** Whether a value is a reader by ranges; a stream has a `read` of its own. */
export function isRangeReader(value: unknown): value is RangeReader {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(Symbol.asyncIterator in value) &&
    typeof (value as RangeReader).read === 'function' &&
    typeof (value as RangeReader).size === 'number' &&
    typeof (value as RangeReader).close === 'function'
  );
}
