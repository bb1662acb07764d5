import type { Neighbour, Notice } from '../../index.ts';

/** A neighbour of the state directory as `--json` has it; see OUTPUT.md. */
export function neighbourFields({ directory, names, what, excludes }: Neighbour): Record<string, unknown> {
  return { directory, names, what, command: commandOf(directory, excludes) };
}

/** What there is to know of it. */
export function neighbourNotice({ directory, names, what, excludes }: Neighbour): Notice {
  const which = names.length === 0 ? '' : ` (${names.join(', ')})`;
  const message = `holds ${what} of Oxios${which}, and is not in the snapshot; on its own: ${commandOf(directory, excludes)}`;
  return { path: directory, message };
}

/** The command that makes a snapshot of it. */
function commandOf(directory: string, excludes: readonly string[]): string {
  const words = ['--state-dir', directory, ...excludes.flatMap((pattern) => ['--exclude', pattern])];
  return `oxios-backup create ${words.map(quoted).join(' ')}`;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
