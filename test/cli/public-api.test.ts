import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// The command is a thin shell on the public API. It takes each name from the module that `src/index.ts` takes it from, and not from
// there: loading all of the library would take longer than most commands.

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));

/** Modules beside `src/index.ts`, which belong to no part of the library. */
const isShared = (module: string) => !module.includes('/') && module !== 'index.ts';

const IMPORT = /(?:import|export)\s+(?:type\s+)?(\{[^}]*\})\s+from\s+'(\.[^']+)'/g;
const LAZY_IMPORT = /const\s+(\{[^}]*\})\s*=\s*await\s+import\(\s*'(\.[^']+)'/g;

/** Each name that a file takes from a module of `src`, as `module: name`. */
function importsOf(file: string): string[] {
  const code = readFileSync(path.join(SOURCE, file), 'utf8');
  return [...code.matchAll(IMPORT), ...code.matchAll(LAZY_IMPORT)].flatMap(([, names = '', from = '']) => {
    const module = path.join(path.dirname(file), from);
    return [...names.matchAll(/(?:type\s+)?(\w+)(?:\s+as\s+\w+)?/g)].map(([, name]) => `${module}: ${name}`);
  });
}

test('the command uses nothing of the library but its public API', () => {
  const api = new Set(importsOf('index.ts'));
  expect(api.size).toBeGreaterThan(50);
  const publicNames = new Set([...api].map((each) => each.replace(/^.*: /, 'index.ts: ')));
  const files = (readdirSync(path.join(SOURCE, 'cli'), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `cli/${name}`);
  expect(files.length).toBeGreaterThan(40);
  const others = files.flatMap((file) =>
    importsOf(file)
      .filter((taken) => !taken.startsWith('cli/') && !isShared(taken.replace(/: .*$/, '')))
      .filter((taken) => !api.has(taken) && !publicNames.has(taken))
      .map((taken) => `${file} takes ${taken}`),
  );
  expect(others).toEqual([]);
});
