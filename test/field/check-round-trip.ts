import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import type { FieldTree } from './field-tree.ts';
import { readDatabases } from './make-with-python.ts';

const COMMAND = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The last line of a run with `--json`. */
interface Summary {
  status: number;
  statuses: { path: string; status: string; detail: string }[];
  excluded: { path: string; reason: string }[];
  code?: string;
  message?: string;
}

/** What is written to meanwhile. */
interface Living {
  /** Path of a folder in the tree. */
  folder: string;
  /** Says what is wrong with a copy of it, of which some paths were named as lost. */
  check: (absolute: string, named: readonly string[]) => string[];
}

/** What was wrong with a run: each way in which it did other than the documentation says. */
export function checkRoundTrip(tree: FieldTree, snapshot: string, restored: string, living?: Living): string[] {
  const isLiving = (path: string) => living !== undefined && `${path}/`.startsWith(`${living.folder}/`);
  const read = (root: string) => readTree(root, living?.folder);
  const before = read(tree.root);
  const content = readDatabases([...tree.folded.values()].map((path) => tree.absolute(path)));
  const made = run('create', snapshot, '--state-dir', tree.root);
  const excluded = made.excluded?.map(({ path }) => path) ?? [];
  const named = made.statuses?.filter(isIncomplete).map(({ path }) => path) ?? [];
  const faults = [
    ...compareTrees(before, read(tree.root)).map((line) => `create changed the tree: ${line}`),
    ...sameSet(
      'left out',
      tree.excluded,
      excluded.filter((path) => !isLiving(path)),
    ),
    ...sameSet(
      'named',
      tree.unreadable,
      named.filter((path) => !isLiving(path)),
    ),
  ];
  const status = tree.unreadable.size > 0 || named.some(isLiving) ? 3 : 0;
  if (made.status !== status) faults.push(`create ended with ${made.status}, not ${status}: ${JSON.stringify(made)}`);
  if (made.status !== 0 && made.status !== 3) return faults;
  // It verifies all that `verify` does, first.
  const back = run('restore', snapshot, '--state-dir', restored, '--external-links', 'keep');
  if (back.status !== status) return [...faults, `restore ended with ${back.status}: ${JSON.stringify(back)}`];
  const differences = compareTrees(withoutExcluded(before, tree), read(restored));
  faults.push(...differences.filter((line) => !isFolded(line, [...tree.folded.keys()])));
  const contentAfter = readDatabases([...tree.folded.keys()].map((path) => `${restored}/${path}`));
  for (const [i, path] of [...tree.folded.keys()].entries()) {
    if (content[i] !== contentAfter[i]) faults.push(`database ${path}: ${contentAfter[i]}, not ${content[i]}`);
  }
  if (living !== undefined) {
    const lost = named.filter(isLiving).map((path) => path.slice(living.folder.length + 1));
    faults.push(...living.check(`${restored}/${living.folder}`, lost));
  }
  return faults;
}

function run(command: string, snapshot: string, ...args: string[]): Summary {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [COMMAND, command, snapshot, '--json', ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  try {
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Summary;
  } catch {
    throw new Error(`${command} printed no summary (${signal}): ${stdout} ${stderr}`);
  }
}

function isIncomplete({ status }: { status: string }): boolean {
  return status === 'inconsistent' || status === 'unreadable';
}

function sameSet(what: string, expected: ReadonlySet<string>, actual: readonly string[]): string[] {
  const there = new Set(actual);
  return [
    ...[...expected]
      .filter((path) => !there.has(normal(path)) && !there.has(path))
      .map((path) => `not ${what}: ${path}`),
    ...actual.filter((path) => !expected.has(path) && !expected.has(`./${path}`)).map((path) => `${what}: ${path}`),
  ];
}

/** What a snapshot is to hold. Names of what stays out are none of a file that stays in. */
function withoutExcluded(nodes: Map<string, TreeNode>, tree: FieldTree): Map<string, TreeNode> {
  const out = new Set([...tree.excluded, ...tree.unreadable].map(normal));
  const isOut = (path: string): boolean => {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
      if (out.has(path.slice(0, end))) return true;
    return false;
  };
  return new Map([...nodes].filter(([path]) => !isOut(path)));
}

/** A database into which something was written has other bytes, and the time of its last write. */
function isFolded(line: string, folded: readonly string[]): boolean {
  return folded.map(normal).some((path) => line === `content: ${path}` || line.startsWith(`time: ${path}: `));
}

function normal(path: string): string {
  return path.startsWith('./') ? path.slice(2) : path;
}
