/** Names of the categories of Oxios's state that a manifest counts, in the order of its sections. */
export const CATEGORIES: readonly string[] = [
  'seeds',
  'evals',
  'memory/conversations',
  'memory/sessions',
  'memory/facts',
  'memory/episodes',
  'memory/knowledge',
  'sessions',
  'agent_groups',
];

const KNOWN: ReadonlySet<string> = new Set(CATEGORIES);

/**
 * The name under which Oxios lists a file of a category: the file name without its extension, if that is `md` or
 * `json`. As Rust's `Path` sees it: what follows the last dot, and a name that only begins with a dot has no extension.
 *
 * @returns null for a file that Oxios does not list
 */
export function entryStem(fileName: string): string | null {
  return isListed(fileName, 0) ? fileName.slice(0, fileName.lastIndexOf('.')) : null;
}

/** Whether Oxios lists a file of a category. @param nameAt where in the path its name begins */
export function isListed(path: string, nameAt: number): boolean {
  const length = path.length - nameAt;
  return (length > 5 && path.endsWith('.json')) || (length > 3 && path.endsWith('.md'));
}

/**
 * The category that an entry counts for: it lies directly in the folder of a category and Oxios would list it.
 *
 * @param path of the entry, relative to the state directory
 * @returns null for everything else, which a snapshot holds too but no section counts
 */
export function sectionOf(path: string): string | null {
  const slash = path.lastIndexOf('/');
  if (slash < 0 || !isListed(path, slash + 1)) return null;
  const folder = path.slice(0, slash);
  return KNOWN.has(folder) ? folder : null;
}
