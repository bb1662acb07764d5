import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { TEST_FOLDER } from '../test-folder.ts';
import { PROJECT } from './blocks.ts';

const STUBS = fileURLToPath(new URL('stubs', import.meta.url));

export interface Outcome {
  /** As a shell says it: 137 for somebody who was killed. */
  status: number;
  stdout: string;
  stderr: string;
}

/** A home with an Oxios in it, a folder to work in, and `oxios-backup` on the PATH: what a reader of the README has. */
export class TestHome {
  readonly root = mkdtempSync(join(TEST_FOLDER, 'oxios-home-'));
  readonly home = this.path('home');
  readonly stateDir = this.path('home/.oxios/workspace');
  /** Where the recipes are typed. */
  readonly work = this.path('work');
  readonly #environment: Record<string, string>;

  /** @param workspace what its Oxios has */
  constructor(workspace: string) {
    for (const name of ['work', 'runtime', 'docker/volumes', 'hosts']) this.mkdir(name);
    this.mkdir('home/backups');
    const node = JSON.stringify(process.execPath);
    const main = JSON.stringify(join(PROJECT, 'dist/main.js'));
    this.write('home/.local/bin/oxios-backup', `#!/bin/sh\nexec ${node} ${main} "$@"\n`, 0o755);
    mkdirSync(dirname(this.stateDir));
    copyTree(workspace, this.stateDir);
    this.#environment = {
      HOME: this.home,
      PATH: [STUBS, join(this.home, '.local/bin'), process.env.PATH].join(':'),
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      XDG_RUNTIME_DIR: this.path('runtime'),
      DOCKER_STUB: this.path('docker'),
      SSH_STUB_HOMES: this.path('hosts'),
    };
  }

  dispose(): void {
    // gpg leaves an agent behind.
    if (existsSync(join(this.home, '.gnupg'))) this.run('gpgconf --kill all');
    rmSync(this.root, { recursive: true, force: true });
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  mkdir(name: string): string {
    mkdirSync(this.path(name), { recursive: true, mode: 0o700 });
    return this.path(name);
  }

  write(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    chmodSync(this.path(name), mode);
  }

  /** Another home, with the same workspace, behind `ssh NAME`. @returns its state directory */
  host(name: string): string {
    const stateDir = this.path('hosts', name, '.oxios/workspace');
    mkdirSync(dirname(stateDir), { recursive: true });
    copyTree(this.stateDir, stateDir);
    return stateDir;
  }

  /** Runs lines as somebody types them who stops where one fails. */
  run(lines: string, environment = this.#environment): Outcome {
    const { status, signal, stdout, stderr } = spawnSync('bash', ['-e', '-c', lines], {
      cwd: this.work,
      env: environment,
      encoding: 'utf8',
    });
    return { status: status ?? 128 + constants.signals[signal ?? 'SIGKILL'], stdout, stderr };
  }

  /** `oxios.tar.gz` in the working folder. */
  snapshot(): void {
    const { status, stderr } = this.run('oxios-backup create oxios.tar.gz');
    if (status !== 0) throw new Error(stderr);
  }

  tree(stateDir = this.stateDir): Map<string, TreeNode> {
    return readTree(stateDir);
  }

  /** What an unlucky hand does to a workspace. */
  spoil(stateDir = this.stateDir): void {
    rmSync(join(stateDir, 'memory/facts'), { recursive: true });
    rmSync(join(stateDir, 'sessions/telegram:4711.json'));
    writeFileSync(join(stateDir, 'seeds/mistake.md'), 'This should not be here.\n');
  }

  /** In what the state directory is not as it was. */
  differences(before: Map<string, TreeNode>, stateDir = this.stateDir): string[] {
    return compareTrees(before, readTree(stateDir));
  }
}

/** With hard links and whole nanoseconds, which `fs.cp` does not keep. */
function copyTree(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
