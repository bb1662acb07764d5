import { AGAIN_CHANGED, FIRST, RESTIC_CHANGED } from '../cases/again.ts';
import type { CaseResult } from '../cases/bench.ts';
import { BUSY, QUIET } from '../cases/busy.ts';
import { LINEARITY_FILES } from '../cases/linearity.ts';
import { AGAIN_SENT, FIRST_SENT, SHOW_REMOTE } from '../cases/object-storage.ts';
import { AGAIN, VERBS } from '../cases/peak-memory.ts';
import { LIST, RESTORE_ONE, SHOW } from '../cases/random-access.ts';
import { BARE, COMPLETE, HELP, SHOW_SMALL } from '../cases/start.ts';
import { QUICK, SHA256 } from '../cases/verify.ts';
import { OURS } from '../peers/creators.ts';
import type { Measurement } from '../run/rounds.ts';

const MIB = 1024 * 1024;

type Unit = 'ratio' | 'seconds' | 'bytes' | 'count';

interface Target {
  readonly name: string;
  readonly unit: Unit;
  /** What may not be exceeded; a function where it depends on what was measured. */
  readonly limit: number | ((results: Results) => number | undefined);
  /** `undefined` if the case was not measured, or the peer is not here. */
  readonly measured: (results: Results) => number | undefined;
}

/** A target and how it turned out. */
export interface TargetOutcome {
  readonly name: string;
  readonly unit: Unit;
  readonly limit: number | null;
  readonly measured: number | null;
  readonly outcome: 'reached' | 'missed' | 'not measured';
}

type Results = ReadonlyMap<string, CaseResult>;

/** Everything that the engine is to reach, on two cores with warm caches. */
const TARGETS: readonly Target[] = [
  faster('create, many-small, against tar | pigz', 'create-many-small', 'tar | pigz', 0.7),
  faster('create, tiny, against tar | pigz', 'create-tiny', 'tar | pigz', 1),
  faster('create, many-small, against node-tar', 'create-many-small', 'node-tar', 0.2),
  faster('create, mixed, against tar | pigz', 'create-mixed', 'tar | pigz', 0.4),
  faster('create, mixed, against restic', 'create-mixed', 'restic', 0.8),
  ratio('again, 1 % changed, many-small, against the first', 'again-many-small', AGAIN_CHANGED, FIRST, 0.2, time),
  ratio('again, 1 % changed, tiny, against the first', 'again-tiny', AGAIN_CHANGED, FIRST, 0.3, time),
  ratio('again, 1 % changed, mixed, against the first', 'again-mixed', AGAIN_CHANGED, FIRST, 0.2, time),
  ratio('again, 1 % changed, many-small, against restic', 'again-many-small', AGAIN_CHANGED, RESTIC_CHANGED, 0.4, time),
  ratio('again, 1 % changed, tiny, against restic', 'again-tiny', AGAIN_CHANGED, RESTIC_CHANGED, 0.4, time),
  ratio('size with the index, many-small, against tar | gzip -6', 'create-many-small', OURS, 'tar | gzip', 1.065, size),
  ratio('size with the index, mixed, against tar | gzip -6', 'create-mixed', OURS, 'tar | gzip', 1.065, size),
  faster('verify, many-small, against gzip -t', 'verify-many-small', 'gzip -t', 0.5),
  faster('verify, tiny, against gzip -t', 'verify-tiny', 'gzip -t', 0.9),
  faster('verify, mixed, against gzip -t', 'verify-mixed', 'gzip -t', 0.4),
  {
    name: 'verify --quick without its start, mixed, against sha256sum',
    unit: 'ratio',
    limit: 0.6,
    measured: quickWithoutStart,
  },
  faster('restore to the RAM disk, many-small, against tar -xzf', 'restore-many-small-ram', 'tar -xzf', 0.95),
  faster('restore to the RAM disk, tiny, against tar -xzf', 'restore-tiny-ram', 'tar -xzf', 1.1),
  faster('restore to the RAM disk, mixed, against tar -xzf', 'restore-mixed-ram', 'tar -xzf', 0.6),
  start(HELP),
  start(SHOW_SMALL),
  start(COMPLETE),
  ratio('create on a busy directory, against a quiet one', 'busy', BUSY, QUIET, 1.15, time),
  of('show, 5 GB snapshot', 'seconds', 'random-access', SHOW, 0.3, time),
  of('list of one section, 5 GB snapshot', 'seconds', 'random-access', LIST, 0.3, time),
  of('bytes read by show, 5 GB snapshot', 'bytes', 'random-access', SHOW, indexAndMiB, (each) => each.bytesRead),
  of('bytes read by list, 5 GB snapshot', 'bytes', 'random-access', LIST, indexAndMiB, (each) => each.bytesRead),
  of('restore of one file, 5 GB snapshot', 'seconds', 'random-access', RESTORE_ONE, 0.5, time),
  ratio(
    'bytes over the wire, 1 % changed, mixed, against the first',
    'object-mixed',
    AGAIN_SENT,
    FIRST_SENT,
    0.35,
    wire,
  ),
  of('requests of show', 'count', 'object-mixed', SHOW_REMOTE, 4, ({ traffic }) => traffic?.requests),
  peakMemory('peak memory, 1,000,000 files', 'memory-million-files', 280e6),
  peakMemory('peak memory, one file of 10 GB', 'memory-big-file', 200e6),
  of('peak memory, 1,000,000 files, again with a parent', 'bytes', 'memory-million-files', AGAIN, 300e6, memory),
  {
    name: 'time per file, as files go from 10k to 100k to 1M',
    unit: 'ratio',
    limit: 1.15,
    measured: growthOfTimePerFile,
  },
];

/** Compares results with what is to be reached. */
export function validate(results: readonly CaseResult[]): TargetOutcome[] {
  const byId = new Map(results.map((result) => [result.id, result]));
  return TARGETS.map(({ name, unit, limit, measured }) => {
    const value = measured(byId);
    const bound = typeof limit === 'number' ? limit : limit(byId);
    const isKnown = value !== undefined && bound !== undefined && !Number.isNaN(value);
    const outcome = !isKnown ? 'not measured' : value <= bound ? 'reached' : 'missed';
    return { name, unit, limit: bound ?? null, measured: isKnown ? value : null, outcome };
  });
}

type Property = (measurement: Measurement) => number | undefined;

function time(measurement: Measurement): number {
  return measurement.medianSeconds;
}

function wire({ traffic }: Measurement): number | undefined {
  return traffic && traffic.sentBytes + traffic.receivedBytes;
}

function size(measurement: Measurement): number | undefined {
  return measurement.outputBytes;
}

function memory({ peakMemoryBytes }: Measurement): number {
  return peakMemoryBytes;
}

function find(results: Results, id: string, name: string, property: Property): number | undefined {
  const measurement = results.get(id)?.measurements.find((each) => each.name === name);
  return measurement && property(measurement);
}

function of(name: string, unit: Unit, id: string, who: string, limit: Target['limit'], property: Property): Target {
  return { name, unit, limit, measured: (results) => find(results, id, who, property) };
}

function ratio(name: string, id: string, who: string, against: string, limit: number, property: Property): Target {
  const measured = (results: Results) => {
    const [value, reference] = [find(results, id, who, property), find(results, id, against, property)];
    return value === undefined || reference === undefined ? undefined : value / reference;
  };
  return { name, unit: 'ratio', limit, measured };
}

function faster(name: string, id: string, against: string, limit: number): Target {
  return ratio(name, id, OURS, against, limit, time);
}

/** What a command takes more than Node.js alone. */
function start(command: string): Target {
  const measured = (results: Results) => {
    const [value, bare] = [find(results, 'start', command, time), find(results, 'start', BARE, time)];
    return value === undefined || bare === undefined ? undefined : value - bare;
  };
  return { name: `start of ${command}, more than node alone`, unit: 'seconds', limit: 0.06, measured };
}

/** The start is that of a command which reads next to nothing. */
function quickWithoutStart(results: Results): number | undefined {
  const quick = find(results, 'verify-mixed', QUICK, time);
  const reference = find(results, 'verify-mixed', SHA256, time);
  const started = find(results, 'start', SHOW_SMALL, time);
  if (quick === undefined || reference === undefined || started === undefined) return undefined;
  return (quick - started) / reference;
}

/** The hungriest of create, verify and restore counts; all three must have run. */
function peakMemory(name: string, id: string, limit: number): Target {
  const measured = (results: Results) => {
    const peaks = VERBS.map((verb) => find(results, id, verb, memory) ?? Number.NaN);
    return peaks.some(Number.isNaN) ? undefined : Math.max(...peaks);
  };
  return { name, unit: 'bytes', limit, measured };
}

function indexAndMiB(results: Results): number | undefined {
  const index = results.get('random-access')?.referenceBytes;
  return index === undefined ? undefined : index + MIB;
}

/** The most that a file costs more in a larger directory than in a smaller one. */
function growthOfTimePerFile(results: Results): number | undefined {
  const perFile = LINEARITY_FILES.map(
    (files) => (find(results, 'linearity', String(files), time) ?? Number.NaN) / files,
  );
  const growths = perFile.flatMap((cost, index) => perFile.slice(index + 1).map((larger) => larger / cost));
  return Math.max(...growths);
}
