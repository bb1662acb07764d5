/** `tsx docs/record-terminal.ts` makes terminal.svg: what real commands show in a real terminal, on the example workspace. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWorkspace } from '../fixtures/build-workspace.ts';
import { shownLines } from './terminal-screen.ts';
import { COLUMNS, drawTerminal, type Step } from './terminal-svg.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
export const PICTURE = fileURLToPath(new URL('terminal.svg', import.meta.url));

/** When each of them is typed in the picture, whenever it was typed in fact. */
const SCRIPT = [
  { command: 'oxios-backup create', shownAt: '2026-11-22 10:15:30' },
  { command: 'oxios-backup show oxios-backup-20261122T101530Z-k3fa.tar.gz', shownAt: '2026-11-22 10:15:48' },
  { command: 'oxios-backup verify oxios-backup-20261122T101530Z-k3fa.tar.gz', shownAt: '2026-11-22 10:16:05' },
  {
    command: 'oxios-backup restore oxios-backup-20261122T101530Z-k3fa.tar.gz --replace',
    shownAt: '2026-11-22 10:16:41',
  },
  { command: 'oxios-backup undo', shownAt: '2026-11-22 10:17:20' },
];
const SHOWN_HOME = '/home/you';
const SHOWN_HOST = 'laptop';

/** The forms of a second: in names of trees and of snapshots, and in sentences. */
const STAMP = /(\d{4})(-?)(\d\d)-?(\d\d)([_ T])(\d\d)(:?)(\d\d):?(\d\d)(?:Z-[a-z2-7]{4})?/g;
/** What follows the time in the name of a snapshot, in the picture. */
const SHOWN_RANDOM = 'Z-k3fa';

/** Runs the commands in a pseudo terminal and draws what they show. The same run gives the same picture: times, paths and the host are those above. */
export async function recordTerminal(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'oxios-picture-'));
  try {
    mkdirSync(join(home, 'bin'));
    const shim = `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(MAIN)} "$@"\n`;
    writeFileSync(join(home, 'bin/oxios-backup'), shim, { mode: 0o755 });
    buildWorkspace(join(home, '.oxios/workspace'));
    const clock = new PictureClock();
    const steps: Step[] = [];
    for (const { command, shownAt } of SCRIPT) {
      await clock.nextSecond(shownAt);
      const lines = shownLines(inTerminal(clock.asTyped(command), home));
      steps.push({
        command,
        lines: lines.map((line) =>
          clock
            .asShown(line)
            .replaceAll(home, SHOWN_HOME)
            .replaceAll(`${hostname()}:`, `${SHOWN_HOST}:`)
            .replace(/\bin \d+(?:\.\d)? s$/, 'in 0.1 s'),
        ),
      });
    }
    return drawTerminal('oxios-backup', steps);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What a command writes to its terminal, control sequences and all. */
function inTerminal(command: string, home: string): string {
  const { status, stdout } = spawnSync(
    'script',
    ['-qec', `stty cols ${COLUMNS} rows 50; exec ${command}`, '/dev/null'],
    {
      cwd: home,
      env: {
        HOME: home,
        PATH: `${join(home, 'bin')}:${process.env.PATH}`,
        TERM: 'xterm',
        TZ: 'UTC',
        OXIOS_VERSION: '0.3.0',
      },
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`${command} ended with exit status ${status}:\n${stdout}`);
  return stdout;
}

/** Real seconds and those of the picture. */
class PictureClock {
  readonly #steps: { began: number; shown: string[] }[] = [];
  /** What a stamp in the picture was in fact. */
  readonly #real = new Map<string, string>();

  /** Begins a step in a second of its own, so that each second belongs to one step. */
  async nextSecond(shownAt: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
    this.#steps.push({ began: Math.floor(Date.now() / 1000), shown: shownAt.split(/[- :]/) });
  }

  asShown(text: string): string {
    return text.replace(STAMP, (real, year, dash, month, day, middle, hour, colon, minute, second) => {
      const at = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
      const parts = this.#steps.findLast(({ began }) => began <= at)?.shown;
      if (parts === undefined) throw new Error(`a time before the first command: ${real}`);
      const random = middle === 'T' ? SHOWN_RANDOM : '';
      const shown = parts.slice(0, 3).join(dash) + middle + parts.slice(3).join(colon) + random;
      this.#real.set(shown, real);
      return shown;
    });
  }

  /** The command with the real name of a file instead of that in the picture. */
  asTyped(command: string): string {
    return command.replace(STAMP, (shown) => this.#real.get(shown) ?? shown);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PICTURE, await recordTerminal());
