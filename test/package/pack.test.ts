import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { FIRST_STEPS, PAGES } from '../readme/blocks.ts';
import { linksOf } from '../readme/markdown.ts';
import { Packed, REPOSITORY } from './packed.ts';

// A tenth of it is yargs, which is bundled so that a command starts sooner; another tenth are the pages that the README links to.
const LARGEST = 672 * 1024;
const ENTRIES = ['index', 'main', 'pack-worker', 'read-worker', 'restore-worker', 'signal-watchdog'];
const BESIDE_DIST = [
  'LICENSE',
  'README.md',
  'bench/results/bench.svg',
  ...[...PAGES.keys()].filter((path) => path.startsWith('docs/')),
  'docs/oxios-backup.1',
  'docs/terminal.svg',
  'package.json',
  'src/cli/OUTPUT.md',
  'src/format/SNAPSHOT-EXAMPLE.md',
  'src/format/SNAPSHOT-FORMAT.md',
  'test/format/foreign_reader.py',
  'test/format/reader.py',
];

let packed: Packed;
let workspace: string;

beforeAll(async () => {
  packed = await Packed.make();
  workspace = join(packed.folder, 'workspace');
  buildWorkspace(workspace);
});

afterAll(() => packed?.dispose());

describe('the package', () => {
  it('is small', () => {
    expect(packed.facts.size).toBeLessThanOrEqual(LARGEST);
  });

  it('holds the programs, a declaration of each source, the format, the licence, and nothing else', async () => {
    const sources = (await readdir(join(packed.folder, 'source', 'src'), { recursive: true })).filter((name) =>
      name.endsWith('.ts'),
    );
    const declarations = sources.map((name) => `dist/${name.replace(/ts$/, 'd.ts')}`);
    const programs = ENTRIES.map((name) => `dist/${name}.js`);
    const paths = packed.facts.files.map(({ path }) => path);
    // What several programs share, or load when it is needed, is in files that the bundler names.
    const bundled = paths.filter((path) => /^dist\/[a-z0-9-]+-[0-9A-Z]{8}\.js$/.test(path));
    expect(paths.sort()).toEqual([...declarations, ...programs, ...bundled, ...BESIDE_DIST].sort());
  });

  it('holds everything that its pages link to', async () => {
    const paths = packed.facts.files.map(({ path }) => path);
    const pages = paths.filter((path) => path.endsWith('.md'));
    const dead = await Promise.all(
      pages.map(async (page) => {
        const links = linksOf(await readFile(join(REPOSITORY, page), 'utf8')).map((to) => to.replace(/#.*$/, ''));
        return links.filter((to) => to !== '' && !paths.includes(normalize(join(dirname(page), to))));
      }),
    );
    expect(dead.flat()).toEqual([]);
  });

  it('holds of other packages only those that LICENSE names', async () => {
    const dist = join(packed.folder, 'source', 'dist');
    const programs = (await readdir(dist)).filter((name) => name.endsWith('.js'));
    const texts = await Promise.all(programs.map((name) => readFile(join(dist, name), 'utf8')));
    // The bundler writes a comment before what comes from each file.
    const packages = texts.flatMap((text) =>
      [...text.matchAll(/^\/\/ .*node_modules\/([^/]+)\//gm)].map(([, name]) => name),
    );
    const bundled = [
      'escalade',
      'get-caller-file',
      'get-east-asian-width',
      'ignore',
      'y18n',
      'yargs',
      'yargs-parser',
      'zod',
    ];
    expect([...new Set(packages)].sort()).toEqual(bundled);
    const licence = await readFile(join(REPOSITORY, 'LICENSE'), 'utf8');
    expect(bundled.filter((name) => !licence.includes(name))).toEqual([]);
  });

  it('describes itself by files that are there', async () => {
    const paths = new Set(packed.facts.files.map(({ path }) => `./${path}`));
    const manifest = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    const named = [
      ...Object.values(manifest.exports['.']),
      `./${manifest.bin['oxios-backup']}`,
      manifest.exports['./package.json'],
    ];
    expect(named.filter((path) => !paths.has(path as string))).toEqual([]);
  });
});

describe('the command, installed into a clean prefix', () => {
  let command: string;
  const run = (...words: string[]) => execa(process.execPath, [command, ...words], { cwd: packed.folder });

  beforeAll(async () => {
    const prefix = join(packed.folder, 'prefix');
    await packed.install(packed.folder, '--global', '--prefix', prefix);
    command = join(prefix, 'bin', 'oxios-backup');
  });

  it('starts by its name, and says its version', async () => {
    const { version } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    const { stdout } = await execa('oxios-backup', ['--version'], {
      env: { PATH: [dirname(command), dirname(process.execPath), process.env.PATH].join(':') },
    });
    expect(stdout).toBe(version);
  });

  it('does what the README begins with, and .ci/run installs it as that says', async () => {
    const lines = FIRST_STEPS.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const install = `npm install -g ./${packed.facts.filename}`;
    const commands = ['oxios-backup create oxios.tar.gz', 'oxios-backup restore oxios.tar.gz --state-dir ./look'];
    expect(lines).toEqual(['npm ci', 'npm pack', install, ...commands]);
    const ci = await readFile(join(REPOSITORY, '.ci/run'), 'utf8');
    expect(ci).toContain('npm ci');
    expect(ci).toContain(`npm pack --silent && ${install}`);
    const home = join(packed.folder, 'home');
    buildWorkspace(join(home, '.oxios/workspace'));
    const PATH = [dirname(command), dirname(process.execPath), process.env.PATH].join(':');
    await execa('bash', ['-ec', commands.join('\n')], { cwd: home, env: { HOME: home, PATH } });
    expect(compareTrees(readTree(workspace), readTree(join(home, 'look')))).toEqual([]);
  });

  it('creates, verifies and restores, in its worker threads', async () => {
    await run('create', 'snapshot.tar.gz', '--state-dir', 'workspace', '--json');
    await run('verify', 'snapshot.tar.gz');
    await run('restore', 'snapshot.tar.gz', '--state-dir', 'restored');
    expect(compareTrees(readTree(workspace), readTree(join(packed.folder, 'restored')))).toEqual([]);
  });
});

describe('a TypeScript project that depends on it', () => {
  let project: string;

  beforeAll(async () => {
    project = join(packed.folder, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await packed.install(project);
    await mkdir(join(project, 'node_modules', '@types'), { recursive: true });
    const node = join('node_modules', '@types', 'node');
    await symlink(join(REPOSITORY, node), join(project, node));
    await cp(fileURLToPath(new URL('./consumer.ts', import.meta.url)), join(project, 'consumer.ts'));
    await cp(join(REPOSITORY, 'test/readme/examples.ts'), join(project, 'examples.ts'));
  });

  it.each([{ module: 'nodenext' }, { module: 'node16' }, { module: 'esnext', moduleResolution: 'bundler' }])(
    'type-checks against it strictly, its declarations too: $module',
    async (resolution) => {
      const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
      const options = { ...resolution, ...strict, target: 'es2023', skipLibCheck: false, types: ['node'] };
      const config = { compilerOptions: options, files: ['consumer.ts', 'examples.ts'] };
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
      const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout } = await execa(process.execPath, [compiler, '-p', project], { reject: false });
      expect(stdout).toBe('');
    },
  );

  it('runs with it', async () => {
    const program = join(project, 'consumer.js');
    const words = [workspace, join(project, 'snapshot.tar.gz'), join(project, 'restored')];
    const found = JSON.parse((await execa(process.execPath, [program, ...words])).stdout);
    expect(found).toMatchObject({ complete: true, valid: true });
    expect(found.names).toContain('memory/facts');
    expect(found.phases).toBeGreaterThan(1);
    expect(compareTrees(readTree(workspace), readTree(join(project, 'restored')))).toEqual([]);
  });
});
