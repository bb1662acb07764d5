import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPrograms } from '../peers/programs.ts';
import { takeTurns } from '../run/rounds.ts';
import type { Bench } from './bench.ts';

const FILES_WRITER = fileURLToPath(new URL('../writers/files.mjs', import.meta.url));
const DATABASE_WRITER = fileURLToPath(new URL('../writers/database.py', import.meta.url));

/** Names of the two contenders. */
export const QUIET = 'quiet directory';
export const BUSY = 'busy directory';

/**
 * A snapshot of a directory in which an agent works, beside one of the same directory at rest. The agent is as busy as
 * a real one: 20 saves, 200 log lines and 20 commits a second.
 */
export async function benchBusy(bench: Bench): Promise<void> {
  if (!bench.hasEngine) return;
  const stateDir = await bench.data.smallFiles();
  const output = path.join(bench.workFolder, 'busy.tar.gz');
  const create = bench.createCommand(stateDir, output);
  let writers: ChildProcess[] = [];
  const stop = async () => {
    for (const writer of writers) writer.stdin?.end();
    await Promise.all(writers.filter((writer) => writer.exitCode === null).map((writer) => once(writer, 'exit')));
    writers = [];
  };
  const start = async () => {
    writers = [spawn(process.execPath, [FILES_WRITER, stateDir], { stdio: ['pipe', 'pipe', 'inherit'] })];
    if (missingPrograms(['python3']).length === 0) {
      const database = path.join(stateDir, 'busy.db');
      writers.push(spawn('python3', [DATABASE_WRITER, database], { stdio: ['pipe', 'pipe', 'inherit'] }));
    } else {
      bench.remarks.add('busy directory: without a SQLite writer, python3 not installed');
    }
    await Promise.all(writers.map((writer) => once(writer.stdout as NonNullable<ChildProcess['stdout']>, 'data')));
  };
  try {
    // Both find the files that the writers leave.
    await start();
    await stop();
    const contenders = [
      { ...create, name: QUIET, output },
      { ...create, name: BUSY, output, prepare: start, finish: stop },
    ];
    const { measurements, failures } = await takeTurns(contenders, bench.rounds, bench.say);
    for (const line of failures) bench.remarks.add(`busy: ${line}`);
    bench.report({ id: 'busy', title: 'Create while an agent works', measurements });
  } finally {
    await stop();
    await removeTraces(stateDir);
  }
}

/** The data set is kept for other runs and has to be what it was. */
async function removeTraces(stateDir: string): Promise<void> {
  const names = ['events', 'busy.db', 'busy.db-wal', 'busy.db-shm'];
  for (let index = 0; index < 100; index++) names.push(`sessions/busy-${index}.json`);
  for (const name of names) await rm(path.join(stateDir, name), { recursive: true, force: true });
}
