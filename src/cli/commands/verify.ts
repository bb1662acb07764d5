import type { Problem, VerifyResult } from '../../index.ts';
import { type Context, defineCommand } from '../command.ts';
import { given, REPORTING, SNAPSHOT, snapshotOf, THREADS } from '../options.ts';
import { count, formatBytes, formatDuration } from '../text/amounts.ts';
import { lossLines } from '../text/losses.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: { ...SNAPSHOT },
  options: { ...THREADS, ...REPORTING },
  examples: [
    ['verify oxios.tar.gz', 'exit status 0: valid; 4: not, and why'],
    ['verify - < oxios.tar.gz', 'from a pipe'],
  ],
  run: async (args, context) => {
    const { verifySnapshot } = await import('../../index.ts');
    const began = performance.now();
    const options = { ...context.operation, ...given({ threads: args.threads }) };
    const result = await verifySnapshot(snapshotOf(args.snapshot, context.terminal), options);
    return report(args.snapshot, result, performance.now() - began, context);
  },
});

function report(snapshot: string, result: VerifyResult, elapsedMs: number, { reporter }: Context): Promise<number> {
  const { valid, problems, sealed, manifest, totals, verdicts, externalLinks } = result;
  const name = snapshot === '-' ? 'the snapshot' : snapshot;
  const lines = valid
    ? [`${name}: valid${sealed ? '' : ', as far as that can be said of an unsealed archive: it carries no digests'}`]
    : [`${name}: NOT VALID, ${count(problems.length, 'problem')}:`, ...problems.flatMap(problemLines)];
  if (valid && totals !== null) {
    lines.push(
      `  ${count(totals.entries, 'entry')} (${count(totals.files, 'file')}), ${formatBytes(totals.bytes)}${sealed ? ', every byte proven' : ''}, in ${formatDuration(elapsedMs)}`,
    );
  }
  if (externalLinks.length > 0) {
    lines.push('  links that lead out of the state directory (restore asks for --external-links keep or skip):');
    lines.push(...externalLinks.map((path) => `    ${path}`));
  }
  lines.push(
    ...lossLines('  when it was made, these were not to be had, or not as they should be:', verdicts).map((line, i) =>
      i === 0 ? line : `  ${line}`,
    ),
  );
  return reporter.result({
    status: valid ? 0 : 4,
    fields: {
      snapshot,
      elapsed_ms: Math.round(elapsedMs),
      valid,
      sealed,
      problems,
      manifest,
      totals,
      verdicts,
      external_links: externalLinks,
    },
    lines,
  });
}

const NAMED_ENTRIES = 20;

/** What is wrong, then the bytes and the entries that it concerns. */
function problemLines({ code, message, paths, offset, length }: Problem): string[] {
  const bytes =
    offset === undefined
      ? ''
      : ` (${length === undefined ? `byte ${offset}` : `bytes ${offset} to ${offset + length - 1}`} of the file)`;
  const shown = paths.slice(0, NAMED_ENTRIES).map((path) => `      ${path}`);
  if (paths.length > shown.length)
    shown.push(`      and ${paths.length - shown.length} more entries; --json names all`);
  return [`  ${code}: ${message}${bytes}`, ...shown];
}
