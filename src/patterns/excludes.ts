import ignore from 'ignore';

/** Which pattern of the user excludes a path; null when none does. */
export interface UserExcludes {
  (path: string, isDirectory: boolean): string | null;
  /** Whether some pattern is for directories only (`cache/`), so that what a path is must be known. */
  readonly dependsOnType: boolean;
}

/** `ignore` remembers every path that it was asked about: it is made anew before a million of them fill the memory. */
const PATHS_PER_MATCHER = 20_000;

/**
 * Patterns in gitignore's language, relative to the state directory, case-sensitive; later ones win. As in git, nothing
 * below a directory that is excluded can be included again.
 */
export function compileUserExcludes(patterns: readonly string[]): UserExcludes {
  if (patterns.length === 0) return Object.assign(() => null, { dependsOnType: false });
  const make = () => ignore({ ignorecase: false }).add(patterns);
  let matcher = make();
  let asked = 0;
  const find = (path: string, isDirectory: boolean) => {
    if (++asked % PATHS_PER_MATCHER === 0) matcher = make();
    const result = matcher.test(isDirectory ? `${path}/` : path);
    return result.ignored ? (result.rule?.pattern ?? patterns.join(' ')) : null;
  };
  return Object.assign(find, { dependsOnType: patterns.some((pattern) => /\/\s*$/m.test(pattern)) });
}
