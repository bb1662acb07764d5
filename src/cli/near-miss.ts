/**
 * The word of a list that was probably meant: at most a third of the letters typed are wrong, missing, too many or exchanged with their
 * neighbour.
 *
 * @returns null if none is that near
 */
export function nearMiss(typed: string, words: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.floor(typed.length / 3) + 1;
  for (const word of words) {
    const wrong = editDistance(typed, word);
    if (wrong < least) {
      best = word;
      least = wrong;
    }
  }
  return best;
}

/** The end of a sentence about a word that is not known: `; did you mean list?`, or nothing. */
export function didYouMean(typed: string, words: Iterable<string>, prefix = ''): string {
  const near = nearMiss(typed, words);
  return near === null ? '' : `; did you mean ${prefix}${near}?`;
}

/** Damerau and Levenshtein's distance, in its restricted form ("optimal string alignment"). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
