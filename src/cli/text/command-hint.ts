/** What hints of the library call by the names of the API, in backticks, as the command has it. The one table of them. */
export const COMMAND_WORDS: ReadonlyMap<string, string> = new Map([
  ['all', '--all'],
  ['allowEmpty', '--allow-empty'],
  ['createSnapshot()', '"oxios-backup create --state-dir DIR"'],
  ['excludes', '--exclude'],
  ["externalLinks: 'keep'", '--external-links keep'],
  ["externalLinks: 'skip'", '--external-links skip'],
  ['findLatest()', '"oxios-backup restore FOLDER --latest"'],
  ['force', '--force'],
  ['forceRunning', '--force-running'],
  ['importBackup()', '"oxios-backup import DIR"'],
  ['keepDaily', '--keep-daily'],
  ['keepLast', '--keep-last'],
  ['keepMonthly', '--keep-monthly'],
  ['keepWeekly', '--keep-weekly'],
  ['keepYearly', '--keep-yearly'],
  ['listEntries()', '"oxios-backup list SNAPSHOT"'],
  ['listPrevious()', '"oxios-backup undo --list"'],
  ['listSnapshots()', '"oxios-backup snapshots FOLDER"'],
  ['lockWait', '--lock-wait 10m'],
  ["mode: 'merge'", '--merge'],
  ["mode: 'replace'", '--replace'],
  ['output: createWriteStream(…)', 'oxios-backup create - > FILE'],
  ['output: { folder }', '--to'],
  ['parent: null', '--no-parent'],
  ['paths', '--path'],
  ['recoverStateDir()', 'oxios-backup recover'],
  ['restoreSnapshot()', '"oxios-backup restore SNAPSHOT"'],
  ['salvageSnapshot()', '"oxios-backup restore SNAPSHOT --salvage DIR"'],
  ['sameOwner', '--same-owner'],
  ['scratchDir', '--scratch-dir'],
  ['source', '--source'],
  ['stateDir', '--state-dir or OXIOS_STATE_DIR'],
  ['threads', '--threads'],
  ['to', '--to'],
  ['verifySnapshot()', '"oxios-backup verify SNAPSHOT"'],
]);

/** A hint of the library in the words of the command. */
export function commandHint(hint: string): string {
  return hint.replace(/`([^`]+)`/g, (all, name: string) => COMMAND_WORDS.get(name) ?? all);
}
