import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { MAIN, type Workbench } from './command-line.ts';

const PSEUDO_TERMINAL = fileURLToPath(new URL('pseudo-terminal.py', import.meta.url));

/** What a run wrote on its terminal. */
export interface Shown {
  status: number;
  written: string;
}

/** Runs the command in a window of `columns`. @param interrupt text upon whose appearance the key Ctrl-C is pressed */
export async function inTerminal(
  bench: Workbench,
  args: readonly string[],
  { columns = 80, env = {}, interrupt = '' } = {},
): Promise<Shown> {
  const { stdout } = await execa(
    'python3',
    [PSEUDO_TERMINAL, String(columns), interrupt, process.execPath, MAIN, ...args],
    { cwd: bench.root, env: { TERM: 'xterm', OXIOS_VERSION: '0.3.0', ...env } },
  );
  return JSON.parse(stdout);
}
