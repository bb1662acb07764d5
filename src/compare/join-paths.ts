import { comparePaths } from '../format/path-order.ts';

/** What two sides have under one path; null for the side that has nothing there. */
export type Pair<Before, After> = [Before, After] | [Before, null] | [null, After];

/** Pairs two runs of entries that are both in the order of a snapshot. Holds one of each. */
export function* joinPaths<Before extends { path: string }, After extends { path: string }>(
  before: Iterable<Before>,
  after: Iterable<After>,
): Generator<Pair<Before, After>, void, void> {
  const left = before[Symbol.iterator]();
  const right = after[Symbol.iterator]();
  let a = left.next();
  let b = right.next();
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : comparePaths(a.value.path, b.value.path);
    if (order < 0) {
      yield [a.value as Before, null];
      a = left.next();
    } else if (order > 0) {
      yield [null, b.value as After];
      b = right.next();
    } else {
      yield [a.value as Before, b.value as After];
      a = left.next();
      b = right.next();
    }
  }
}
