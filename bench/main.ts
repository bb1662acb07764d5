import { rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { benchAgain } from './cases/again.ts';
import { Bench } from './cases/bench.ts';
import { benchBusy } from './cases/busy.ts';
import { benchCreate } from './cases/create.ts';
import { benchLinearity } from './cases/linearity.ts';
import { benchObjectStorage } from './cases/object-storage.ts';
import { benchPeakMemory } from './cases/peak-memory.ts';
import { benchRandomAccess } from './cases/random-access.ts';
import { benchRestore } from './cases/restore.ts';
import { benchStart } from './cases/start.ts';
import { benchVerify } from './cases/verify.ts';
import { DataSets } from './data/data-sets.ts';
import { drawPicture } from './report/picture.ts';
import { assembleReport, writeReport } from './report/results-file.ts';
import { renderReport } from './report/table.ts';
import { makeWorkFolder } from './run/work-folder.ts';

interface Case {
  /** Takes long and needs tens of gigabytes: only with `--large`, or when named. */
  readonly isLarge: boolean;
  readonly run: (bench: Bench) => Promise<void>;
}

const usual = (run: Case['run']): Case => ({ isLarge: false, run });
const large = (run: Case['run']): Case => ({ isLarge: true, run });

const CASES: Readonly<Record<string, Case>> = {
  'create-many-small': usual((bench) => benchCreate(bench, 'many-small')),
  'create-tiny': usual((bench) => benchCreate(bench, 'tiny')),
  'create-mixed': usual((bench) => benchCreate(bench, 'mixed')),
  'again-many-small': usual((bench) => benchAgain(bench, 'many-small')),
  'again-tiny': usual((bench) => benchAgain(bench, 'tiny')),
  'again-mixed': usual((bench) => benchAgain(bench, 'mixed')),
  'verify-many-small': usual((bench) => benchVerify(bench, 'many-small')),
  'verify-tiny': usual((bench) => benchVerify(bench, 'tiny')),
  'verify-mixed': usual((bench) => benchVerify(bench, 'mixed')),
  'restore-many-small': usual((bench) => benchRestore(bench, 'many-small')),
  'restore-tiny': usual((bench) => benchRestore(bench, 'tiny')),
  'restore-mixed': usual((bench) => benchRestore(bench, 'mixed')),
  'object-many-small': usual((bench) => benchObjectStorage(bench, 'many-small')),
  'object-mixed': usual((bench) => benchObjectStorage(bench, 'mixed')),
  start: usual(benchStart),
  busy: usual(benchBusy),
  'random-access': large(benchRandomAccess),
  'peak-memory': large(benchPeakMemory),
  linearity: large(benchLinearity),
};

const RESULTS = fileURLToPath(new URL('./results', import.meta.url));

const options = await yargs(hideBin(process.argv))
  .scriptName('npm run bench --')
  .usage('$0 [options]\n\nMeasures oxios-backup beside what else makes backups, the commands taking turns.')
  .option('only', { type: 'string', array: true, choices: Object.keys(CASES), describe: 'Measure these cases alone' })
  .option('large', { type: 'boolean', default: false, describe: 'Also a million files, 10 GB, a 5 GB snapshot' })
  .option('rounds', { type: 'number', default: 5, describe: 'Counted rounds; one of warming up comes before' })
  .option('scale', { type: 'number', default: 1, describe: 'Size of the data, 1 for that of the targets' })
  .option('data', {
    type: 'string',
    default: path.join(os.tmpdir(), 'oxios-backup-bench'),
    describe: 'Folder for the data, which is kept, and for what is made of it',
  })
  .check(({ rounds, scale }) => (rounds >= 1 && scale > 0) || 'rounds must be at least 1, scale more than 0')
  .strict()
  .version(false)
  .wrap(110)
  .parse();

if (process.platform !== 'linux') throw new Error('The bench reads memory and CPU time from /proc: it needs Linux.');

const say = (line: string) => void process.stderr.write(`${line}\n`);
const workFolder = await makeWorkFolder(options.data);
const bench = new Bench({
  data: new DataSets(options.data, options.scale, say),
  rounds: options.rounds,
  workFolder,
  say,
});
try {
  for (const [name, { isLarge, run }] of Object.entries(CASES)) {
    if (!(options.only?.includes(name) ?? (options.large || !isLarge))) continue;
    say(name);
    await run(bench);
  }
} finally {
  await rm(workFolder, { recursive: true, force: true });
}

// Figures of another scale are a rehearsal, they do not belong beside the code.
const folder = options.scale === 1 ? RESULTS : path.join(options.data, `results-${options.scale}`);
const file = path.join(folder, 'latest.json');
const { results, remarks } = bench;
if (options.scale !== 1) remarks.add('the targets are meant for scale 1');
const report = await assembleReport(file, { scale: options.scale, results, remarks: [...remarks] });
await writeReport(file, report);
await writeFile(path.join(folder, 'bench.svg'), drawPicture(report));
process.stdout.write(`${renderReport(report)}\n\nWritten to ${folder}\n`);
