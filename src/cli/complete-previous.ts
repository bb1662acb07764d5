import type { Completion } from './completion-protocol.ts';
import type { Terminal } from './terminal.ts';

/** The previous states of the state directory that a line names, or the environment; none where that cannot be said. */
export async function previousOf(stateDir: string | undefined, env: Terminal['env']): Promise<Completion[]> {
  try {
    const { stateDirOf } = await import('./options.ts');
    const { findPrevious } = await import('../state-dir/undo/previous-states.ts');
    const { formatTime } = await import('./text/amounts.ts');
    const found = await findPrevious({ stateDir: stateDirOf({ 'state-dir': stateDir }, { env }) });
    return found.map(({ name, replacedAt, by, kind }) => [
      name,
      `replaced on ${formatTime(replacedAt)} by ${by}, ${kind === 'tree' ? 'whole tree' : 'merge'}`,
    ]);
  } catch {
    // Whoever types gets no errors into the line: the command will say them.
    return [];
  }
}
