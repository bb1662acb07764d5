/**
 * The first argument by which the scripts of `completion` ask what could be typed: the words of the line follow, up to the one at the cursor.
 * The answer has a line for each candidate, the word and behind a tab what it means; no lines stand for file names.
 */
export const COMPLETE_FLAG = '--get-completions';
