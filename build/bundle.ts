/**
 * `npm run bundle`: bundles the programs of `dist`, so that each loads few files when it starts. Node.js takes half a millisecond for
 * each file that it loads, and a command is made of a hundred modules.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const PROGRAMS = ['src/index.ts', 'src/cli/main.ts'];
/** Each in one file, for a thread shares no modules with another. */
const THREADS = [
  'src/create/pack-worker.ts',
  'src/read/read-worker.ts',
  'src/restore/restore-worker.ts',
  'src/cli/signal-watchdog.ts',
];

/** Modules that are loaded before every command, or that most commands use. */
const COMMAND_BASE = [
  'src/cli/command.ts',
  'src/cli/run.ts',
  'src/cli/options.ts',
  'src/cli/text/section-table.ts',
  'src/cli/text/incomplete-text.ts',
];
/** Modules that most operations of the library use: errors, options, the opening of a snapshot. */
const LIBRARY_BASE = ['src/inspect/show-snapshot.ts', 'src/program.ts'];

const SHARED: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  entryNames: '[name]',
  outdir: 'dist',
  external: ['aws4fetch', 'better-sqlite3', 'fast-xml-parser'],
  logLevel: 'warning',
};

const programs: BuildOptions = {
  ...SHARED,
  entryPoints: PROGRAMS,
  splitting: true,
  alias: {
    cliui: './src/cli/yargs/no-layout.ts',
    'string-width': './src/cli/yargs/text-length.ts',
    assert: './src/cli/yargs/equality.ts',
  },
};

await build({ ...programs, plugins: [withBases(await findEntries())] });
await build({ ...SHARED, entryPoints: THREADS });

/** The entry modules of programs, and the modules that are loaded by `import()`: esbuild makes a file of each. */
async function findEntries(): Promise<ReadonlySet<string>> {
  const { metafile } = await build({ ...programs, write: false, metafile: true });
  const entries = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  return new Set(entries.filter((entry) => entry !== 'src/cli/main.ts'));
}

/**
 * Lets every entry import its base. esbuild puts modules into one file that the same entries use; without this, what two commands share is in
 * one file, what three share in another.
 */
function withBases(entries: ReadonlySet<string>): Plugin {
  return {
    name: 'bases',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        const entry = path.relative('.', file);
        if (!entries.has(entry)) return null;
        const base = entry.startsWith('src/cli/') ? COMMAND_BASE : LIBRARY_BASE;
        const imports = base
          .filter((each) => each !== entry)
          .map((each) => `import ${JSON.stringify(path.resolve(each))};`);
        return { contents: `${readFileSync(file, 'utf8')}\n${imports.join('\n')}\n`, loader: 'ts' };
      });
    },
  };
}
