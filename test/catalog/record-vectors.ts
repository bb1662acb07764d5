/**
 * Records what restic and borg themselves keep, for retention.test.ts: `npx tsx test/catalog/record-vectors.ts`. Takes both programs and some minutes;
 * the result is committed, so the tests need neither.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { type RecordedRun, type RecordedSet, RULES, TIME_SETS } from './vectors.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'oxios-backup-vectors-'));
const two = (number: number) => String(number).padStart(2, '0');

async function version(program: string): Promise<string> {
  return (await execa(program, [program === 'borg' ? '--version' : 'version'])).stdout.split('\n')[0] ?? '';
}

async function recordRestic(name: string, times: string[], timeZone: string): Promise<RecordedRun[]> {
  const options = { cwd: directory, env: { TZ: timeZone, RESTIC_PASSWORD: 'x', RESTIC_REPOSITORY: `restic-${name}` } };
  await execa('restic', ['init', '--no-cache'], options);
  for (const time of times) {
    // restic takes local times only; `wall` must be one that is not ambiguous there.
    await execa('restic', ['backup', '--no-cache', '--time', wall(time, timeZone), 'vectors.txt'], options);
  }
  const runs: RecordedRun[] = [];
  for (const policy of RULES) {
    const flags = Object.entries(policy).map(([rule, count]) => `--${dashed(rule)}=${count}`);
    const { stdout } = await execa('restic', ['forget', '--no-cache', '--dry-run', '--json', ...flags], options);
    const [group] = JSON.parse(stdout);
    const last = group.reasons.at(-1).counters;
    runs.push({
      policy,
      kept: group.keep.map((snapshot: { time: string }) => new Date(snapshot.time).toISOString()).sort(),
      unspent: Object.values(last).some((count) => Number(count) > 0),
    });
  }
  return runs;
}

async function recordBorg(name: string, times: string[], timeZone: string): Promise<RecordedRun[]> {
  const options = {
    cwd: directory,
    env: { TZ: timeZone, BORG_BASE_DIR: directory, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' },
  };
  await execa('borg', ['init', '-e', 'none', `borg-${name}`], options);
  for (const time of times) {
    const archive = `borg-${name}::${time.replaceAll(':', '-')}`;
    await execa('borg', ['create', '--timestamp', time.slice(0, 19), archive, 'vectors.txt'], options);
  }
  const runs: RecordedRun[] = [];
  // With several rules borg counts otherwise: what one rule keeps does not count for the next.
  for (const policy of RULES.filter((policy) => Object.keys(policy).length === 1)) {
    const flags = Object.entries(policy).map(([rule, count]) => `--${dashed(rule)}=${count}`);
    const { stderr } = await execa('borg', ['prune', '--dry-run', '--list', ...flags, `borg-${name}`], options);
    const kept = stderr.split('\n').filter((line) => line.startsWith('Keeping archive'));
    runs.push({ policy, kept: kept.map(archiveTime).sort(), unspent: stderr.includes('[oldest]') });
  }
  return runs;
}

const dashed = (rule: string) => rule.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);

function archiveTime(line: string): string {
  const match = /(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)/.exec(line);
  if (match === null) throw new Error(`no archive in: ${line}`);
  return `${match[1]}${match[2]}:${match[3]}:${match[4]}`;
}

function wall(time: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).formatToParts(
    new Date(time),
  );
  const part = (type: string) => two(Number(parts.find((candidate) => candidate.type === type)?.value));
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')}`;
}

try {
  writeFileSync(path.join(directory, 'vectors.txt'), 'one file is enough\n');
  const sets: RecordedSet[] = [];
  for (const { name, timeZone, times } of TIME_SETS) {
    const restic = await recordRestic(name, times, timeZone);
    const borg = await recordBorg(name, times, timeZone);
    sets.push({ name, timeZone, times, restic, borg });
    console.log(`${name}: ${times.length} snapshots, ${restic.length + borg.length} runs`);
  }
  const recorded = { restic: await version('restic'), borg: await version('borg'), sets };
  writeFileSync(new URL('./recorded-vectors.json', import.meta.url), `${JSON.stringify(recorded, null, 1)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
