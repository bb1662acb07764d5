/**
 * For how many of `count` numbers a condition holds that holds for all up to some point and for none after it. A binary search.
 *
 * @param holds asked of numbers from 0 on
 */
export function partitionPoint(count: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
