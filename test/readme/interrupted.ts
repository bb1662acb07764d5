import type { TestHome } from './test-home.ts';

/** Kills the command between the two renames of its swap: the old tree has gone, the new one is not there yet. */
export function killedBetweenRenames(house: TestHome, command: string): void {
  const strace = 'strace -qq -e signal=none -e trace=rename';
  house.run(`cp -a ~/.oxios ~/rehearsal
    ${strace} -o trace oxios-backup ${command} --state-dir ~/rehearsal/workspace`);
  const { stdout } = house.run('cat trace');
  const arrival = stdout.split('\n').findIndex((line) => line.includes('/rehearsal/workspace")'));
  if (arrival < 0) throw new Error(`no rename brings the tree in:\n${stdout}`);
  const { status, stderr } = house.run(
    `${strace} -o /dev/null -e inject=rename:signal=KILL:when=${arrival + 1} oxios-backup ${command}`,
  );
  if (status !== 137) throw new Error(`it was not killed, but ended with ${status}: ${stderr}`);
}
