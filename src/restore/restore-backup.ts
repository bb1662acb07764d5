import type { Readable } from 'node:stream';
import { treeSize } from '../capture/tree-size.ts';
import { isLoss } from '../capture/verdict.ts';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import { blockEntries } from '../format/index-block.ts';
import type { RecordedVerdict } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { readBlock } from '../read/index-reader.ts';
import { judgeSnapshot } from '../read/judge-snapshot.ts';
import { type OpenSnapshot, openSnapshot, type SealedSnapshot, type UnsealedSnapshot } from '../read/open-snapshot.ts';
import { problemError, someOf } from '../read/problem.ts';
import { ReadPool } from '../read/read-pool.ts';
import { compileSelection, type Selection, type SelectionOptions } from '../read/selection.ts';
import type { SnapshotJudge } from '../read/snapshot-judge.ts';
import { openSource } from '../read/snapshot-source.ts';
import type { StateStore } from '../state/state-store.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { completeTree } from './complete-tree.ts';
import { extractSealed } from './extract-sealed.ts';
import { extractUnsealed, surveyUnsealed } from './extract-unsealed.ts';
import { NameCollisions, probeNameFolding } from './name-collisions.ts';
import { acquireStateLock } from './publish/lock.ts';
import { type PublishMode, publish } from './publish/publish.ts';
import { findRunning } from './publish/running.ts';
import { openStaging, type Staging } from './publish/staging.ts';
import { readTop, type TopAttributes } from './publish/top-attributes.ts';
import { assertSpace, planAll, planSelection } from './restore-plan.ts';
import type { ExtractedTree, TreeWriterOptions } from './tree-writer.ts';

/** What becomes of symbolic links that lead out of the state directory. */
export type ExternalLinks = 'refuse' | 'keep' | 'skip';

export interface RestoreOptions extends OperationOptions, SelectionOptions {
  /**
   * What happens to a state directory that has content: `create` refuses it; `replace` makes it exactly the snapshot and keeps the old tree beside
   * it; `merge` lets files of the snapshot win and others stay, and keeps the old tree too.
   *
   * @default 'create'
   */
  mode?: PublishMode;
  /**
   * Whether a snapshot without a single section, which would leave Oxios an empty state, is restored.
   *
   * @default false
   */
  allowEmpty?: boolean;
  /** @default 'refuse' */
  externalLinks?: ExternalLinks;
  /**
   * Give everything the owner and group that the snapshot names, by number. Only root can.
   *
   * @default false
   */
  sameOwner?: boolean;
  /**
   * Restore although a process seems to be using the state directory.
   *
   * @default false
   */
  forceRunning?: boolean;
  /**
   * Worker threads.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
}

/** A state directory that was restored. */
export interface RestoreResult {
  /** The state directory, as it really is (links resolved). */
  stateDir: string;
  manifest: Manifest;
  /** False for an archive from elsewhere, which carries no digests to be proven against. */
  sealed: boolean;
  /** What was written. */
  restored: { entries: number; files: number; bytes: number };
  /** Where the tree that was live before is kept; null if there was none. */
  replacedTree: string | null;
  /** Symbolic links that were left out, by `externalLinks: 'skip'`. */
  skippedLinks: string[];
  /** What the snapshot itself did not have clean at once. */
  verdicts: RecordedVerdict[];
  /** False when links were left out or the snapshot names losses. */
  complete: boolean;
}

/**
 * Brings a state directory back from a snapshot. The snapshot is proven first, manifest, index, then every byte; all of it is written to
 * a directory beside the state directory, which is untouched until that tree takes its place as a whole.
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError when nothing was changed
 */
export async function restoreBackup(
  store: StateStore,
  snapshot: string | Readable,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { mode = 'create', signal } = options;
  const selection = compileSelection(options);
  if (selection !== null && mode === 'replace') {
    throw new BackupError('USAGE', 'a part of a snapshot cannot replace a whole state directory', {
      hint: 'Add it to what is there with --merge, or restore it into an empty directory.',
    });
  }
  throwIfAborted(signal);
  const lock = await acquireStateLock(store.basePath, 'oxios-backup restore', { makeParents: true });
  try {
    if (options.forceRunning !== true) await refuseRunning(lock.place.target);
    const staging = await openStaging(lock, options);
    try {
      if (mode === 'create' && staging.found.kind === 'content') throw notEmpty(staging.target);
      return await restoreInto(staging, snapshot, selection, mode, options);
    } finally {
      await staging.discard();
    }
  } finally {
    await lock.release();
  }
}

async function restoreInto(
  staging: Staging,
  snapshot: string | Readable,
  selection: Selection | null,
  mode: PublishMode,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { signal, onEvent, externalLinks = 'refuse' } = options;
  const source = await openSource(snapshot, { spoolDir: staging.lock.place.directory, signal });
  try {
    onEvent?.({ type: 'phase', phase: 'check' });
    const opened = await openSnapshot(source);
    refuseEmpty(opened, options.allowEmpty ?? false);
    const treeOptions: TreeWriterOptions = {
      root: staging.tree,
      umask: process.umask(),
      sameOwner: options.sameOwner ?? false,
    };
    const further = mode === 'merge' && staging.found.kind === 'content' ? treeSize(staging.target) : 0;
    const extract = opened.kind === 'sealed' ? extractOfSealed : extractOfUnsealed;
    const { tree, external } = await extract(opened as never, selection, treeOptions, further, options);
    throwIfAborted(signal);
    const skipped = externalLinks === 'skip' ? new Set(external) : new Set<string>();
    completeTree({ ...tree, links: tree.links.filter(({ path }) => !skipped.has(path)) }, treeOptions);
    const { replacedTree } = await publish(staging, {
      mode,
      top: topOf(opened, selection, staging, treeOptions),
      ...(signal === undefined ? {} : { signal }),
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    const verdicts = opened.kind === 'sealed' ? opened.root.verdicts : [];
    return {
      stateDir: staging.target,
      manifest: opened.manifest,
      sealed: opened.kind === 'sealed',
      restored: {
        entries: tree.files + tree.directories.length + tree.links.length - skipped.size,
        files: tree.files,
        bytes: tree.bytes,
      },
      replacedTree,
      skippedLinks: [...skipped],
      verdicts,
      complete: skipped.size === 0 && !verdicts.some(({ verdict }) => isLoss(verdict)),
    };
  } finally {
    source.close();
  }
}

interface Extraction {
  tree: ExtractedTree;
  /** Symbolic links that lead out of the state directory. */
  external: string[];
}

async function extractOfSealed(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  tree: TreeWriterOptions,
  further: number,
  options: RestoreOptions,
): Promise<Extraction> {
  const pool = new ReadPool(snapshot, process.platform, options.threads);
  try {
    const judge = await judgeSnapshot(snapshot, pool, options.signal);
    const external = settleJudgement(judge, options);
    const plan = selection === null ? planAll(snapshot) : planSelection(snapshot, selection);
    assertSpace(tree.root, plan, further);
    refuseCollisions(tree.root, () => sealedPaths(snapshot));
    return { tree: await extractSealed(snapshot, pool, plan, tree, options), external };
  } finally {
    await pool.close();
  }
}

async function extractOfUnsealed(
  snapshot: UnsealedSnapshot,
  selection: Selection | null,
  tree: TreeWriterOptions,
  further: number,
  options: RestoreOptions,
): Promise<Extraction> {
  const survey = await surveyUnsealed(snapshot, selection, options.signal);
  survey.book.judge.judgeManifest(snapshot.manifest);
  const external = settleJudgement(survey.book.judge, options);
  assertSpace(tree.root, survey, further);
  refuseCollisions(tree.root, () => survey.book.paths());
  return { tree: await extractUnsealed(snapshot, selection, survey, tree, options), external };
}

/** Refuses what the judgement found wrong. @returns the links that lead outside, if they are not refused */
function settleJudgement(judge: SnapshotJudge, { externalLinks = 'refuse' }: RestoreOptions): string[] {
  const [problem] = judge.problems;
  if (problem !== undefined) throw problemError(problem);
  const external = judge.externalLinks(process.platform);
  if (external.length > 0 && externalLinks === 'refuse') {
    throw new BackupError(
      'UNSAFE_LINK',
      `${someOf(external)} ${external.length === 1 ? 'leads' : 'lead'} out of the state directory`,
      {
        path: external[0],
        hint: 'Look at where they lead; then restore with --external-links keep, or skip.',
      },
    );
  }
  return external;
}

function refuseEmpty({ manifest }: OpenSnapshot, allowEmpty: boolean): void {
  if (manifest.sections.length > 0 || allowEmpty) return;
  throw new BackupError(
    'MANIFEST_EMPTY',
    'the snapshot holds no section of Oxios state: restoring it would leave Oxios empty',
    {
      hint: 'If that is what you want, add --allow-empty.',
    },
  );
}

function refuseCollisions(directory: string, paths: () => Iterable<string>): void {
  const folding = probeNameFolding(directory);
  if (!folding.case && !folding.normalization) return;
  const collisions = new NameCollisions(folding);
  for (const path of paths()) collisions.add(path);
}

function* sealedPaths(snapshot: SealedSnapshot): Generator<string> {
  for (const block of snapshot.blocks)
    for (const { path } of blockEntries(readBlock(snapshot.index, block))) yield path;
}

async function refuseRunning(target: string): Promise<void> {
  const running = await findRunning(target);
  if (running === null) return;
  throw new BackupError(
    'STATE_DIR_IN_USE',
    `process ${running.pid} (${running.command}) is using the state directory: ${running.path}`,
    {
      path: target,
      hint: 'Stop it, then run this again; --force-running restores all the same, and it will lose what it writes.',
    },
  );
}

function notEmpty(target: string): BackupError {
  return new BackupError('TARGET_NOT_EMPTY', 'the state directory is not empty', {
    path: target,
    hint: 'Add --replace to put the snapshot in its place (the old tree is kept), or --merge to add to it.',
  });
}

/** Attributes of the restored state directory itself: the snapshot's, or where it brings none or not all of the tree, those of what stood there. */
function topOf(
  opened: OpenSnapshot,
  selection: Selection | null,
  { found, target }: Staging,
  { sameOwner, umask }: TreeWriterOptions,
): TopAttributes {
  if (opened.kind === 'unsealed' || selection !== null)
    return found.kind === 'missing' ? { mode: 0o777 & ~umask } : readTop(target);
  const { mode, mtime, mtime_ns, uid, gid } = opened.root.top;
  return { mode, mtimeNs: BigInt(mtime) * 1_000_000_000n + BigInt(mtime_ns), ...(sameOwner ? { uid, gid } : {}) };
}
