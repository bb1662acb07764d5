import { statSync } from 'node:fs';
import type { OperationOptions } from '../events.ts';

/**
 * Remembers which directory the caller works in, for a command that may put another one in its place: a shell stays in the one that it
 * entered, whatever has that name now.
 *
 * @returns gives a notice afterwards, unless the name still leads there
 */
export function watchWorkingDirectory({ onEvent }: Required<Pick<OperationOptions, 'onEvent'>>): () => void {
  let name: string;
  try {
    name = process.cwd();
  } catch {
    // Lost before this command began.
    return () => {};
  }
  return () => {
    const named = identity(name);
    if (named !== null && named === identity('.')) return;
    const message =
      named === null
        ? 'the directory that you are in has no name any more: change to another one'
        : 'you are still in the old directory of this name; to be in the new one: cd "$PWD"';
    onEvent({ type: 'notice', path: name, message });
  };
}

function identity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
