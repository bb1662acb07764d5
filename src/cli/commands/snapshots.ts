import type { SnapshotInfo } from '../../catalog/snapshot-info.ts';
import { type Context, defineCommand } from '../command.ts';
import { JSON_RESULT } from '../options.ts';
import { count, formatBytes, formatNumber, formatTime } from '../text/amounts.ts';
import { snapshotInfoFields } from '../text/snapshot-state-text.ts';
import type { Column, Line } from '../text/table.ts';

export const FOLDER = {
  folder: {
    type: 'string',
    demandOption: true,
    completes: 'directories',
    describe: 'The folder of snapshots, or s3://BUCKET/PREFIX',
  },
} as const;

export const command = defineCommand({
  onlyOutput: true,
  positionals: { ...FOLDER },
  options: { ...JSON_RESULT },
  examples: [
    ['snapshots /backups', 'oldest first'],
    ['snapshots s3://bucket/oxios', 'in object storage'],
  ],
  note: 'It reads the ends of each file. "verified" is when "oxios-backup verify" of this folder last verified every byte; "growth" is against the one before it of the same state directory.',
  run: async ({ folder }, context) => {
    const { listSnapshots } = await import('../../catalog/list-snapshots.ts');
    return report(folder, await listSnapshots({ folder, ...context.operation }), context);
  },
});

function report(folder: string, snapshots: readonly SnapshotInfo[], { reporter }: Context): Promise<number> {
  const length = snapshots.reduce((sum, snapshot) => sum + snapshot.length, 0);
  const lines: Line[] =
    snapshots.length === 0
      ? [`no snapshots in ${folder}`]
      : [
          {
            columns: COLUMNS.map(([, column]) => column),
            rows: [COLUMNS.map(([name]) => name), ...snapshots.map(row)],
          },
          `${count(snapshots.length, 'snapshot')}, ${formatBytes(length)}`,
          ...snapshots.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem.message}`])),
          ...snapshots.flatMap(({ name, incomplete }) =>
            incomplete
              ? [`${name}: ${count(incomplete, 'entry')} missing or inconsistent when it was made; "show" names them`]
              : [],
          ),
        ];
  return reporter.result({ status: 0, fields: { snapshots: snapshots.map(snapshotInfoFields), length }, lines });
}

const COLUMNS: readonly (readonly [string, Column])[] = [
  ['made', { gives: 6 }],
  ['name', { gives: 5, least: 24 }],
  ['size', { right: true, gives: 7 }],
  ['growth', { right: true, gives: 2 }],
  ['files', { right: true, gives: 3 }],
  ['sections', { right: true, gives: 1 }],
  ['sealed', {}],
  ['verified', { gives: 4 }],
];

const SEALED = { sealed: 'yes', foreign: 'NO', unusable: 'UNUSABLE', unreadable: 'UNREADABLE' } as const;

function row({ name, time, length, growth, totals, manifest, state, verifiedAt }: SnapshotInfo): string[] {
  return [
    formatTime(time),
    name,
    formatBytes(length),
    growth === null ? '' : `${growth < 0 ? '-' : '+'}${formatBytes(Math.abs(growth))}`,
    totals === null ? '' : formatNumber(totals.files),
    manifest === null ? '' : String(manifest.sections.length),
    SEALED[state],
    verifiedAt === null ? 'never' : formatTime(verifiedAt),
  ];
}
