import { spawnSync } from 'node:child_process';

/** The user and group that own nothing. */
export const NOBODY = 65534;

/** What goes before a command that is to run as that user. */
export const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] as const;

/** Whether Node runs so here. It takes root, setpriv, and a Node that does not lie in the home of root, as one does that npm fetched. */
export const canBeNobody = ((): boolean => {
  const [command, ...options] = AS_NOBODY;
  return process.geteuid?.() === 0 && spawnSync(command, [...options, process.execPath, '--version']).status === 0;
})();
