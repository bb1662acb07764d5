import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { flagSchema } from '../../options.ts';
import { HERE, type Platform } from '../../system/platform.ts';
import { findRunning, type RunningProcess } from './running.ts';

export interface RunningOptions {
  /**
   * Go on although a process uses the state directory. Without it, that is `STATE_DIR_IN_USE`.
   *
   * @default false
   */
  forceRunning?: boolean;
}

/** Schemas of these options. */
export const RUNNING_SHAPE = { forceRunning: flagSchema };

/**
 * Makes sure that nobody writes to a state directory which is about to be replaced. Who need not be stopped is named in a notice: a pager, an
 * editor, a shell whose working directory it is.
 *
 * @throws `STATE_DIR_IN_USE` with the process, and how to stop it
 */
export async function assertNotRunning(
  stateDir: string,
  { forceRunning = false, onEvent }: RunningOptions & Pick<OperationOptions, 'onEvent'>,
): Promise<void> {
  if (forceRunning) return;
  const { running, onlookers, canSeeFiles } = await findRunning(stateDir);
  if (running !== null) throw inUseError(running, stateDir);
  for (const { pid, command, path, evidence } of onlookers) {
    const message = `process ${pid} (${command}) ${DOES[evidence](path)}`;
    onEvent?.({ type: 'notice', path: stateDir, message });
  }
  if (canSeeFiles) return;
  const message = 'this system does not show which files are open: make sure that Oxios is stopped';
  onEvent?.({ type: 'notice', path: stateDir, message });
}

/** What a process does that need not be stopped, and what that leads to. */
const DOES: Record<RunningProcess['evidence'], (path: string) => string> = {
  lock: (path) => `has locked ${path}`,
  'lock-file': (path) => `is named by ${path}`,
  'open-file': (path) => `has ${path} open`,
  'edited-file': (path) => `edits ${path}: read it again there before you save it`,
  'read-file': (path) => `shows or reads ${path}, as it was until it opens it again`,
  'working-directory': () => 'works in it, and stays in the old directory until it changes to the new one',
};

/** Says who uses the state directory, and how that is stopped. */
export function inUseError(running: RunningProcess, stateDir: string): BackupError {
  const { pid, command, path, evidence } = running;
  const who = pid === null ? `a process ${command}` : `process ${pid} (${command})`;
  const how = { lock: 'has locked', 'lock-file': 'is named by' }[evidence as string] ?? 'has open';
  return new BackupError('STATE_DIR_IN_USE', `${who} is using the state directory: it ${how} ${path}`, {
    path: stateDir,
    hint: `${stopHint(running)} Then run this again; \`forceRunning\` goes on all the same, and what it writes will be lost.`,
  });
}

function stopHint({ command, evidence }: RunningProcess, { hasLaunchd }: Platform = HERE): string {
  const isOxios = evidence === 'lock' || /\boxios\b/i.test(command);
  if (!isOxios) return 'End that process.';
  const service = hasLaunchd
    ? `launchctl bootout gui/${process.getuid?.() ?? 'UID'}/LABEL (launchctl list | grep oxios shows its label)`
    : 'systemctl --user stop oxios';
  return `Stop it: oxios stop; where it is a service, which would be started again: ${service}.`;
}
