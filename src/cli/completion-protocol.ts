/**
 * The first argument by which the scripts of `completion` ask what could be typed: the words of the line follow, up to the one at the cursor.
 *
 * The answer has a line for each candidate: the word, and after a tab what it means. A first line that begins with a tab says what they are, or
 * what the shell is to complete by itself: see `CompletionKind`. No lines: there is nothing to offer.
 */
export const COMPLETE_FLAG = '--get-completions';

/**
 * - `words`: candidates that are offered as they are.
 * - `paths`: candidates that are paths inside a snapshot, those of directories ending in a slash.
 * - `files`: names of files; `snapshots`: of `*.tar.gz`, `*.tgz` and directories; `directories`: of directories. The shell knows them.
 */
export type CompletionKind = 'words' | 'paths' | 'files' | 'snapshots' | 'directories';

/** A word that completes what was typed, and what it means. */
export type Completion = readonly [word: string, meaning: string];
