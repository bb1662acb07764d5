import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm pack` says of the file that it made. */
export interface PackedFile {
  filename: string;
  size: number;
  files: { path: string; mode: number }[];
}

/** The package as a publisher would make it, and a folder to install it in. */
export class Packed {
  readonly folder: string;
  readonly facts: PackedFile;

  private constructor(folder: string, facts: PackedFile) {
    this.folder = folder;
    this.facts = facts;
  }

  /** Packs a copy of the sources: the scripts of `npm pack` build anew, and other tests are using the `dist` of the repository. */
  static async make(): Promise<Packed> {
    const folder = await mkdtemp(join(tmpdir(), 'oxios-backup-pack-'));
    const source = join(folder, 'source');
    await mkdir(source);
    for (const name of ['src', 'build', 'docs', 'package.json', 'tsconfig.json', 'LICENSE', 'README.md']) {
      await cp(join(REPOSITORY, name), join(source, name), { recursive: true });
    }
    for (const name of ['test/format/foreign_reader.py', 'test/format/reader.py', 'bench/results/bench.svg']) {
      await cp(join(REPOSITORY, name), join(source, name));
    }
    await symlink(join(REPOSITORY, 'node_modules'), join(source, 'node_modules'));
    const { stdout } = await execa('npm', ['pack', '--silent', '--json', '--pack-destination', folder], {
      cwd: source,
    });
    // What the build prints comes before it.
    const [facts] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [PackedFile];
    return new Packed(folder, facts);
  }

  get tarball(): string {
    return join(this.folder, this.facts.filename);
  }

  /** Runs `npm install` of the tarball. */
  async install(cwd: string, ...options: string[]): Promise<void> {
    const quick = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await execa('npm', ['install', ...quick, ...options, this.tarball], { cwd });
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
