/**
 * What verify and restore do to a small archive, in this thread: to start one, to lock, sync and commit would take a hundred times as long as
 * the archive. The parts are the product's own; that they are joined as there, `differential.test.ts` asks of a share of the cases.
 */
import { mkdirSync } from 'node:fs';
import { BackupError } from '../../src/errors.ts';
import { blockEntries } from '../../src/format/index-block.ts';
import { isEmptySnapshot } from '../../src/format/index-root.ts';
import { BlockWalker } from '../../src/read/block-walker.ts';
import { readBlock } from '../../src/read/index-reader.ts';
import { type ForeignArchive, openSnapshot, type SealedSnapshot } from '../../src/read/open-snapshot.ts';
import type { ReadJob } from '../../src/read/read-jobs.ts';
import { countedFolders, type ReadPool } from '../../src/read/read-pool.ts';
import { validateWhole } from '../../src/read/validate-snapshot.ts';
import { walkMembers } from '../../src/read/walk-members.ts';
import { finishDirectories, makeLinks } from '../../src/restore/complete-tree.ts';
import { planForeign } from '../../src/restore/foreign-contents.ts';
import { type ExtractedTree, TreeWriter, type TreeWriterOptions } from '../../src/restore/tree-writer.ts';
import { readAt } from '../../src/storage/local-file-reader.ts';
import { openReader } from '../../src/storage/open-reader.ts';
import { SnapshotValidator } from '../../src/validate/snapshot-validator.ts';
import { attributesOf, validateBlock } from '../../src/validate/validate-block.ts';

/** `left`: verify accepts it, and a restore refuses it unless told otherwise, for a link leads out or there is no file. */
export type Outcome = 'refused' | 'left' | 'restored';

/** Verifies an archive and restores it into `root`, which it makes. */
export async function restoreInThread(archive: string, root: string): Promise<Outcome> {
  mkdirSync(root);
  const sameOwner = process.getuid?.() === 0;
  const options: TreeWriterOptions = { root, umask: process.umask(), sameOwner, modes: true, holes: true };
  const source = await openReader(archive);
  try {
    const opened = await openSnapshot(source);
    const found = opened.kind === 'sealed' ? await sealed(opened, options) : await foreign(opened, options);
    if (typeof found === 'string') return found;
    await makeLinks(found, options, undefined);
    finishDirectories(found, options);
    return 'restored';
  } catch (error) {
    if (error instanceof BackupError) return 'refused';
    throw error;
  } finally {
    await source.close();
  }
}

async function sealed(snapshot: SealedSnapshot, options: TreeWriterOptions): Promise<ExtractedTree | Outcome> {
  const validator = new SnapshotValidator();
  const writer = new TreeWriter(options);
  const folders = countedFolders(snapshot.manifest);
  try {
    const { descriptor } = snapshot.source;
    const read = (offset: number, length: number) => readAt(descriptor as number, offset, length);
    for await (const location of snapshot.blocks) {
      const block = await readBlock(snapshot.index, location);
      const entries = blockEntries(block);
      validator.add(validateBlock(entries, 'linux', folders));
      if (validator.problems.length > 0) return 'refused';
      const walker = new BlockWalker(entries, writer);
      walkMembers(read, location.row.offset, block, walker);
      if (walker.problems.length > 0) return 'refused';
    }
  } finally {
    writer.finish();
  }
  const pool = {
    indexRange: () => null,
    async *supply(jobs: Iterable<unknown>) {
      for (const job of jobs) yield { job, held: [] };
    },
    run: async (job: ReadJob) => find(snapshot, job as Extract<ReadJob, { kind: 'find' }>),
  };
  await validateWhole(snapshot, pool as unknown as ReadPool, validator, undefined);
  if (validator.problems.length > 0) return 'refused';
  return isLeft(validator) ? 'left' : writer.finish();
}

/** The one question of a pool's that joining blocks asks. */
async function find(snapshot: SealedSnapshot, { block, paths }: Extract<ReadJob, { kind: 'find' }>) {
  return blockEntries(await readBlock(snapshot.index, block))
    .filter(({ path }) => paths.includes(path))
    .map((entry) => ({ path: entry.path, type: entry.type, attributes: attributesOf(entry) }));
}

async function foreign(snapshot: ForeignArchive, options: TreeWriterOptions): Promise<ExtractedTree | Outcome> {
  const contents = await planForeign(snapshot, null, {});
  if (contents.external.length > 0 || isEmptySnapshot(contents.holds)) return 'left';
  return contents.extract(options, {});
}

function isLeft(validator: SnapshotValidator): boolean {
  const { files, symlinks } = validator.counts;
  return files + symlinks === 0 || validator.externalLinks('linux').length > 0;
}
