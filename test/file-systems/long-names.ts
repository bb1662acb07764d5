/** Names as long as APFS takes them. */

/** Of 255 characters, 765 bytes. */
export const LONGEST = '한'.repeat(255);

const SYLLABLES = 83;

/** One name in two forms: composed it has 249 bytes, decomposed 249 characters in 747 bytes. Either leaves room for what SQLite and we put behind a name. */
export const COMPOSED = '한'.repeat(SYLLABLES);
export const DECOMPOSED = COMPOSED.normalize('NFD');
