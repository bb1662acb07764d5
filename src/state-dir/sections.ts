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
  if (fileName.endsWith('.json') && fileName.length > 5) return fileName.slice(0, -5);
  if (fileName.endsWith('.md') && fileName.length > 3) return fileName.slice(0, -3);
  return null;
}

/**
 * The category that an entry counts for: it lies directly in the folder of a category and Oxios would list it.
 *
 * @param path of the entry, relative to the state directory
 * @returns null for everything else, which a snapshot holds too but no section counts
 */
export function sectionOf(path: string): string | null {
  const folder = documentFolder(path);
  return folder !== null && KNOWN.has(folder) ? folder : null;
}

/** The folder that an entry counts for if that is a section: it lies directly in it, and Oxios would list it. */
export function documentFolder(path: string): string | null {
  const slash = path.lastIndexOf('/');
  return slash < 0 || entryStem(path.slice(slash + 1)) === null ? null : path.slice(0, slash);
}
