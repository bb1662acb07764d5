import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATEGORIES, type Manifest, StateStore } from 'oxios-backup';
import { DATABASES, IN_PLACE, type LivingState, LOGS, ROTATED_LOG, type Witness } from './living-state.ts';

/** A restored tree, and what it is to be held against. */
export interface Restored {
  root: string;
  manifest: Manifest;
  live: LivingState;
  witness: Witness;
  /** Paths that the snapshot names as incomplete. */
  incomplete: ReadonlySet<string>;
  /** Paths that the snapshot names as captured while they grew, up to a whole line. */
  trimmed: ReadonlySet<string>;
}

/** Everything that a restored tree owes and does not give, a line each. */
export async function checkTree(tree: Restored): Promise<string[]> {
  return [
    ...checkStill(tree),
    ...checkEntries(tree),
    ...checkDatabases(tree),
    ...LOGS.flatMap(({ path }) => checkLog(tree, path)),
    ...checkRotatedLog(tree),
    ...checkInPlace(tree),
    ...checkRepository(tree),
    ...checkNames(tree),
    ...(await checkSections(tree)),
  ];
}

function checkStill({ root, live, incomplete }: Restored): string[] {
  return [...live.still].flatMap(([path, digest]) => {
    if (incomplete.has(path)) return [`${path}: lost, and nobody wrote to it`];
    const content = read(root, path);
    if (content === null) return [`${path}: missing`];
    return sha256(content) === digest ? [] : [`${path}: not what it was`];
  });
}

function checkEntries({ root, live, witness }: Restored): string[] {
  const broken: string[] = [];
  const versions = new Map<string, number>();
  for (const category of CATEGORIES) {
    for (const name of readdirSync(join(root, category))) {
      const path = `${category}/${name}`;
      if (live.still.has(path)) continue;
      try {
        const { path: written, version, sha256: digest, body } = JSON.parse(readFileSync(join(root, path), 'utf8'));
        if (written !== path || sha256(body) !== digest) broken.push(`${path}: not as it was written`);
        versions.set(path, version);
      } catch (error) {
        broken.push(`${path}: ${(error as Error).message}`);
      }
    }
  }
  for (const [path, version] of witness.entries) {
    const captured = versions.get(path);
    if (captured === undefined) broken.push(`${path}: missing, and it was there all the time`);
    else if (captured < version) broken.push(`${path}: version ${captured}, older than ${version}`);
  }
  return broken;
}

function checkDatabases({ root, witness, incomplete }: Restored): string[] {
  const broken: string[] = [];
  const paths: string[] = DATABASES.map(({ path }) => path);
  const there = paths.filter((path) => existsSync(join(root, path)));
  for (const path of paths) {
    if (there.includes(path) === incomplete.has(path))
      broken.push(`${path}: missing without a word, or there and named lost`);
  }
  const script = join(import.meta.dirname, 'inspect_databases.py');
  const answers: { integrity: string; agrees: boolean; counter: number }[] = JSON.parse(
    execFileSync('python3', [script, ...there.map((path) => join(root, path))], { encoding: 'utf8' }),
  );
  for (const [i, path] of there.entries()) {
    const { integrity, agrees, counter } = answers[i] ?? { integrity: 'no answer', agrees: false, counter: -1 };
    const acknowledged = witness.numbers.get(path) ?? 0;
    if (integrity !== 'ok') broken.push(`${path}: ${integrity}`);
    if (!agrees) broken.push(`${path}: its tables do not agree`);
    if (counter < acknowledged) broken.push(`${path}: ${counter} rows, ${acknowledged} were acknowledged`);
  }
  return broken;
}

function checkLog({ root, witness, incomplete, trimmed }: Restored, path: string): string[] {
  if (incomplete.has(path)) return [`${path}: lost, and it only grew`];
  const lines = readLines(root, path, trimmed.has(path));
  if (typeof lines === 'string') return [lines];
  return checkNumbers(path, lines, 0, witness);
}

/** What was rotated away is looked for behind the name that it then had. */
function checkRotatedLog({ root, witness, incomplete, trimmed }: Restored): string[] {
  const older = `${ROTATED_LOG}.1`;
  if (incomplete.has(ROTATED_LOG) || incomplete.has(older)) return [];
  const first = existsSync(join(root, older)) ? readLines(root, older, trimmed.has(older)) : [];
  const second = readLines(root, ROTATED_LOG, trimmed.has(ROTATED_LOG));
  if (typeof first === 'string') return [first];
  if (typeof second === 'string') return [second];
  const lines = [...new Set([...first, ...second])].sort((a, b) => a - b);
  return checkNumbers(ROTATED_LOG, lines, lines[0] ?? 0, witness);
}

function checkNumbers(path: string, lines: number[], start: number, { numbers }: Witness): string[] {
  const gap = lines.findIndex((n, i) => n !== start + i);
  if (gap >= 0) return [`${path}: line ${lines[gap]} stands where ${start + gap} should`];
  const acknowledged = numbers.get(path) ?? 0;
  const last = lines.at(-1) ?? -1;
  return last < acknowledged ? [`${path}: ends with line ${last}, ${acknowledged} was acknowledged`] : [];
}

/**
 * The numbers of the whole lines, or what is wrong with them.
 *
 * @param trimmed whether it was seen to grow: only then nothing may stand behind the last whole line
 */
function readLines(root: string, path: string, trimmed: boolean): number[] | string {
  const content = read(root, path)?.toString('utf8');
  if (content === undefined) return `${path}: missing`;
  if (trimmed && content !== '' && !content.endsWith('\n')) return `${path}: its last line is not whole`;
  try {
    return content
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).n);
  } catch (error) {
    return `${path}: ${(error as Error).message}`;
  }
}

/** Such a file is written from its first byte to its last: one state of it is some of a version, then the one before. */
function checkInPlace({ root, incomplete }: Restored): string[] {
  return IN_PLACE.flatMap(({ path, size }) => {
    if (incomplete.has(path)) return [];
    const content = read(root, path);
    if (content === null) return [`${path}: missing`];
    if (content.length !== size) return [`${path}: ${content.length} bytes, not ${size}`];
    const newest = content.readBigUInt64LE(0);
    let before = newest;
    for (let at = 0; at < size; at += 8) {
      const version = content.readBigUInt64LE(at);
      if (version > before || version < newest - 1n)
        return [`${path}: torn at ${at}: ${newest}, ${before}, ${version}`];
      before = version;
    }
    return [];
  });
}

function checkRepository({ root, witness, incomplete }: Restored): string[] {
  const broken = [...incomplete].filter((path) => path.startsWith('.git/')).map((path) => `${path}: lost`);
  const git = (...args: string[]) => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, env, encoding: 'utf8' });
    return { status, stdout: stdout.trim(), output: `${stdout}${stderr}`.trim() };
  };
  const fsck = git('fsck', '--full', '--strict', '--no-dangling', '--no-progress');
  if (fsck.status !== 0 || fsck.output !== '') broken.push(`git fsck: ${fsck.output}`);
  const { id, number } = witness.commit;
  const found = git('cat-file', '-e', `${id}^{commit}`);
  if (found.status !== 0) broken.push(`commit ${id}, which HEAD named, is missing: ${found.output}`);
  const head = Number(git('log', '-1', '--format=%s').stdout);
  if (!(head >= number)) broken.push(`HEAD is commit ${head}, older than ${number}`);
  return broken;
}

const NOT_STATE =
  /\.tmp$|-wal$|-shm$|-journal$|^\.git\/(?:.*\/)?[^/]+\.lock$|\/tmp_(?:obj|pack|idx)_[^/]*$|^backups(?:\/|$)|\.oxios-backup/;

function checkNames({ root }: Restored): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.filter((path) => NOT_STATE.test(path)).map((path) => `${path}: is no state`);
}

async function checkSections({ root, manifest }: Restored): Promise<string[]> {
  const store = new StateStore(root);
  const broken: string[] = [];
  for (const category of CATEGORIES) {
    const { length } = await store.listCategory(category);
    const count = manifest.sections.find(({ name }) => name === category)?.entry_count ?? 0;
    if (count !== length) broken.push(`${category}: ${length} entries, the manifest counts ${count}`);
  }
  return broken;
}

function read(root: string, path: string): Buffer | null {
  return existsSync(join(root, path)) ? readFileSync(join(root, path)) : null;
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
