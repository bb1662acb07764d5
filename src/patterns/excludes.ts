import ignore from 'ignore';

/** Which pattern of the user excludes a path; null when none does. */
export interface UserExcludes {
  (path: string, isDirectory: boolean): string | null;
  /** Whether some pattern is for directories only (`cache/`), so that what a path is must be known. */
  readonly dependsOnType: boolean;
}

/** `ignore` remembers every path that it was asked about: it is made again before a million of them fill the memory. */
const PATHS_PER_MATCHER = 20_000;

const BEYOND_ASCII = /[\u0080-\uffff]/;

/**
 * Patterns in gitignore's language, relative to the state directory, case-sensitive; later ones win. As in git, nothing
 * below a directory that is excluded can be included again.
 *
 * A letter is the same whether it is composed (`é`, as it is typed) or decomposed (`e` and U+0301, as some programs of macOS store it): no
 * one sees the difference. Borg does so on macOS; a snapshot of a Mac is read elsewhere, too.
 */
export function compileUserExcludes(patterns: readonly string[]): UserExcludes {
  if (patterns.length === 0) return Object.assign(() => null, { dependsOnType: false });
  const asGiven = new Map(patterns.map((pattern) => [pattern.normalize(), pattern]));
  const make = () => ignore({ ignorecase: false }).add(patterns.map((pattern) => pattern.normalize()));
  // Of a path, a form says nothing to patterns in ASCII, but for a `?`.
  const hasForms = patterns.some((pattern) => BEYOND_ASCII.test(pattern));
  let matcher = make();
  let asked = 0;
  const find = (path: string, isDirectory: boolean) => {
    if (++asked % PATHS_PER_MATCHER === 0) matcher = make();
    const composed = hasForms ? path.normalize() : path;
    const result = matcher.test(isDirectory ? `${composed}/` : composed);
    if (!result.ignored) return null;
    const pattern = result.rule?.pattern;
    return pattern === undefined ? patterns.join(' ') : (asGiven.get(pattern) ?? pattern);
  };
  return Object.assign(find, { dependsOnType: patterns.some((pattern) => /\/\s*$/m.test(pattern)) });
}
