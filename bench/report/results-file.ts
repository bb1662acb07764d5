import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CaseResult } from '../cases/bench.ts';
import { describeMachine, type MachineFacts } from './machine.ts';
import { type TargetOutcome, validate } from './targets.ts';

/** What `latest.json` holds. */
export interface BenchReport {
  readonly machine: MachineFacts;
  readonly scale: number;
  readonly cases: readonly CaseResult[];
  readonly targets: readonly TargetOutcome[];
  readonly remarks: readonly string[];
}

/**
 * The report of this run. Cases that it left out are taken from the report before, if that is from the same machine and
 * scale: each case is measured within one run, but the long ones need not be measured each time.
 */
export async function assembleReport(
  file: string,
  fresh: { readonly scale: number; readonly results: readonly CaseResult[]; readonly remarks: readonly string[] },
): Promise<BenchReport> {
  const machine = describeMachine();
  const earlier = await readReport(file);
  const isComparable =
    earlier?.scale === fresh.scale && isSameMachine(earlier.machine, machine) && earlier.cases !== undefined;
  const byId = new Map(isComparable ? earlier.cases.map((result) => [result.id, result]) : []);
  for (const result of fresh.results) byId.set(result.id, result);
  const cases = [...byId.values()];
  return { machine, scale: fresh.scale, cases, targets: validate(cases), remarks: fresh.remarks };
}

export async function writeReport(file: string, report: BenchReport): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

async function readReport(file: string): Promise<BenchReport | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as BenchReport;
  } catch {
    return undefined;
  }
}

function isSameMachine(a: MachineFacts, b: MachineFacts): boolean {
  return a.processor === b.processor && a.cores === b.cores && a.kernel === b.kernel && a.node === b.node;
}
