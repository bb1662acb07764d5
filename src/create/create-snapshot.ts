import { hash } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { ExcludedPath } from '../capture/capture-report.ts';
import { monotonicMs } from '../capture/file-state.ts';
import { openStateDir, type TopAttributes } from '../capture/state-directory.ts';
import { BackupError, type ErrorCode } from '../errors.ts';
import { isIncomplete } from '../format/file-status.ts';
import { END_MEMBER, encodeIndexPieces, encodeStoredMember, indexStored, PIECE } from '../format/gzip-member.ts';
import { encodeRoot, type RecordedStatus, type Totals } from '../format/index-root.ts';
import { encodeManifestEntry, type Manifest } from '../format/manifest.ts';
import { encodeSeal, SEAL_LENGTH } from '../format/seal.ts';
import { checkOptions, stateDirPath } from '../options.ts';
import { acquireStateLock, type StateLock } from '../state-dir/lock/lock.ts';
import { findNeighbours, type Neighbour } from '../state-dir/neighbours.ts';
import { assertRecovered } from '../state-dir/recover/needs-recovery.ts';
import { StateStore } from '../state-dir/state-store.ts';
import { clearTemporaries } from '../system/clear-temporaries.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { fromSystemError, isSystemError } from '../system-errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { beginCapture, foldersOf } from './begin-capture.ts';
import { CaptureRecord } from './capture-record.ts';
import { compressionOf } from './compress.ts';
import {
  type CreateOptions,
  type CreateOutput,
  type CreateSnapshotOptions,
  createSnapshotSchema,
  type PlainOutput,
  plainOutput,
} from './create-options.ts';
import { type Destination, openDestination } from './destination.ts';
import { entryTime } from './entry-attributes.ts';
import { ExpectedTotals } from './expected-totals.ts';
import { IndexSpool } from './index-spool.ts';
import { IndexWriter } from './index-writer.ts';
import { countSections, encodeHead, factsOf, manifestOf, provisionalManifest } from './manifest-facts.ts';
import { PackPool } from './pack-pool.ts';
import { type ReuseReport, ReuseSession } from './reuse/reuse-session.ts';
import { noteDamage, sessionOptions } from './reuse/session-options.ts';
import { Scratch } from './scratch.ts';
import { SelfCheck } from './self-check.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

/** Then the state directory is captured without a lock; or it is not a directory, which is reported when it is opened. */
const NO_LOCK_POSSIBLE: ReadonlySet<ErrorCode> = new Set([
  'PERMISSION',
  'NO_SPACE',
  'STATE_DIR_MISSING',
  'TARGET_NOT_DIRECTORY',
]);

/** A snapshot that was made. */
export interface CreateResult<Output extends CreateOutput = CreateOutput> {
  /** Path or `s3://` URL of the snapshot; null for a stream. */
  output: Output extends Writable ? null : string;
  /** Length of the snapshot in bytes. */
  length: number;
  /** The manifest, as it is in the snapshot. */
  manifest: Manifest;
  /** What the snapshot holds. */
  totals: Totals;
  /** Whether the snapshot holds everything that it should. False when a file is `inconsistent` or `unreadable`. */
  complete: boolean;
  /** Every file whose status is not `ok`. */
  statuses: RecordedStatus[];
  /** What was excluded on purpose. */
  excluded: ExcludedPath[];
  /** What was copied from the parent; null without one. */
  reuse: ReuseReport | null;
  /** State of Oxios beside the default state directory, which is not in the snapshot. */
  neighbours: Neighbour[];
}

/**
 * Makes a snapshot of a state directory, which may be in use.
 *
 * @returns what was made; look at `complete`
 * @throws BackupError when no snapshot was made. Then `output` is as it was; what was written to a stream has no seal, and no reader takes it
 *   for a snapshot.
 */
export async function createSnapshot<Output extends CreateOutput>(
  options: CreateSnapshotOptions<Output>,
): Promise<CreateResult<Output>> {
  checkOptions<CreateSnapshotOptions>(createSnapshotSchema, options);
  const result = await makeSnapshot(stateDirPath(options.stateDir), plainOutput(options.output), options);
  return result as CreateResult<Output>;
}

/** How a snapshot is made, with what only this package asks for. */
export interface MakeOptions extends CreateOptions {
  /** The state directory that was copied to the one that is captured, for the manifest: an import of a backup. */
  importedFrom?: string;
}

/** The same as `createSnapshot`, without a look at the options. */
export async function makeSnapshot(stateDir: string, output: PlainOutput, options: MakeOptions): Promise<CreateResult> {
  throwIfAborted(options.signal);
  // First: a running restore would look like an interrupted one.
  const lock = await lockIfPossible(stateDir, options);
  try {
    await assertRecovered(stateDir, lock);
    const { root, top } = openStateDir(stateDir);
    return await createLocked(root, top, output, options);
  } catch (error) {
    throw isSystemError(error) ? fromSystemError(error, 'make the snapshot', stateDir) : error;
  } finally {
    await lock?.release();
  }
}

/** A state directory beside which nothing can be written (its file system is read-only or full) is captured without a lock. */
async function lockIfPossible(stateDir: string, options: CreateOptions): Promise<StateLock | null> {
  try {
    return await acquireStateLock(stateDir, 'oxios-backup create', options);
  } catch (error) {
    if (error instanceof BackupError && NO_LOCK_POSSIBLE.has(error.code)) return null;
    throw error;
  }
}

async function createLocked(
  root: string,
  top: TopAttributes,
  output: PlainOutput,
  options: MakeOptions,
): Promise<CreateResult> {
  const createdAt = options.createdAt ?? new Date();
  const destination = await openDestination(output, root, createdAt, options);
  const { sink } = destination;
  const folders = foldersOf(destination, options);
  const scratch = new Scratch(folders.scratch);
  let session: ReuseSession | null = null;
  let pool: PackPool | null = null;
  try {
    // Before there is anything to do for them: threads take a moment to start.
    pool = new PackPool({ root: withSlash(root), level: options.level ?? null }, options.threads);
    // A snapshot in the making is beside the output, copies and the index where they were asked for.
    for (const left of folders.all) await clearTemporaries(left, options.onEvent);
    const beside = typeof output === 'object' && 'folder' in output ? (destination.folder ?? output.folder) : null;
    // What goes into a stream, or is imported, is seldom seen again.
    const isSeenAgain = options.importedFrom === undefined && sink.output !== null;
    const remember = isSeenAgain || (options.parent ?? null) !== null;
    session = await ReuseSession.open(sessionOptions(root, beside, remember, options));
    const { rootSha256, ...made } = await writeSnapshot(root, top, destination, scratch, session, pool, {
      ...options,
      createdAt,
    });
    options.onEvent?.({ type: 'phase', phase: 'commit' });
    throwIfAborted(options.signal);
    await sink.commit();
    session.commit(rootSha256);
    noteDamage(made.reuse, options);
    return { output: sink.output, length: sink.position, ...made, neighbours: findNeighbours(root) };
  } finally {
    await pool?.close();
    await session?.close();
    await sink.discard();
    scratch.remove();
  }
}

function withSlash(root: string): string {
  return root.endsWith('/') ? root : `${root}/`;
}

type Made = Omit<CreateResult, 'output' | 'length' | 'neighbours'> & { rootSha256: Buffer };

async function writeSnapshot(
  root: string,
  top: TopAttributes,
  destination: Destination,
  scratch: Scratch,
  session: ReuseSession,
  pool: PackPool,
  options: MakeOptions & { createdAt: Date },
): Promise<Made> {
  const { onEvent, signal } = options;
  const { sink } = destination;
  const facts = await factsOf(options.importedFrom ?? root, options.createdAt, options);
  const provisional =
    sink.rewriteStart !== undefined
      ? null
      : provisionalManifest(facts, await countSections(new StateStore(root), facts.excludes));
  const placeholder = encodeHead(facts, provisional);
  let manifestMember = encodeStoredMember('M', placeholder, NODE_CODEC);
  await sink.write(manifestMember);

  const record = new CaptureRecord({
    root,
    allowEmpty: options.allowEmpty,
    onStatus: (status) => onEvent?.({ type: 'file-status', ...status }),
    onNotice: (message, path) => onEvent?.({ type: 'notice', ...(path !== undefined && { path }), message }),
  });
  const expected = new ExpectedTotals(session.parentTotals);
  const spool = new IndexSpool(scratch.directory());
  const indexWriter = new IndexWriter(spool);
  const check = new SelfCheck(({ at, length }, paths) => {
    const bytes = spool.read(at, length);
    return pool.run({ kind: 'find', bytes, paths }, [bytes.buffer as ArrayBuffer]);
  });
  try {
    onEvent?.({ type: 'phase', phase: 'capture' });
    if (options.countAhead) expected.count(root, facts.excludes);
    const capture = await beginCapture(root, destination, record.report, scratch.directory, options);
    const writer = new SnapshotWriter({
      pool,
      seen: capture.seen,
      sink,
      writer: indexWriter,
      check,
      root: withSlash(root),
      reuse: session.reuse,
      recorder: session.recorder,
      scratch: scratch.directory,
      onStatus: (status) => record.add(status),
      onEntry: (entry) => record.sawEntry(entry),
      onProgress(entries, bytes) {
        throwIfAborted(signal);
        onEvent?.({ type: 'progress', phase: 'capture', entries, bytes, ...expected.at(entries, bytes) });
      },
    });
    for await (const items of capture.batches) {
      const seenMs = monotonicMs();
      for (const item of items) {
        const pending = writer.add(item, seenMs);
        if (pending !== undefined) await pending;
      }
    }
    await writer.finish();
    record.finishEntries(writer.index.totals);
    for await (const late of capture.lookAgain(record.isAnyDeleted)) record.add(late);
    const { totals, sections } = writer.index;
    await sink.write(END_MEMBER);

    onEvent?.({ type: 'phase', phase: 'index' });
    const manifest = manifestOf(facts, { sections, totals });
    const statuses = record.statuses();
    const { mtime, mtimeNs } = entryTime(top.mtimeNs);
    const rootBytes = encodeRoot(
      {
        format: 1,
        manifest,
        compression: compressionOf(options.level ?? null),
        directory: { mode: top.mode, uid: top.uid, gid: top.gid, mtime, mtime_ns: mtimeNs },
        totals,
        statuses,
        pages: indexWriter.pages,
      },
      NODE_CODEC,
    );
    await check.finish(rootBytes);
    const indexOffset = sink.position;
    const indexLength = spool.length + rootBytes.length;
    spool.append(rootBytes);
    for (const chunk of spool.chunks(PIECE * 128))
      for (const member of encodeIndexPieces(chunk)) await sink.write(member);

    const rootSha256 = hash('sha256', rootBytes, 'buffer') as Buffer;
    if (provisional === null) {
      const final = encodeManifestEntry({ ...manifest, index_sha256: rootSha256.toString('hex') }, placeholder.length);
      manifestMember = encodeStoredMember('M', final, NODE_CODEC);
      await sink.rewriteStart?.(manifestMember);
    }
    await sink.write(
      encodeSeal({
        snapshotLength: indexOffset + indexStored(indexLength) + SEAL_LENGTH,
        indexOffset,
        indexLength,
        rootLength: rootBytes.length,
        rootSha256,
        manifestSha256: hash('sha256', manifestMember, 'buffer') as Buffer,
      }),
    );
    const storedBytes = indexWriter.pages.reduce((sum, { stored }) => sum + stored, 0);
    const reuse = session.report(storedBytes, totals.files);
    const complete = !statuses.some(({ status }) => isIncomplete(status));
    return { manifest, totals, complete, statuses, excluded: record.excluded, reuse, rootSha256 };
  } finally {
    expected.stop();
    spool.close();
  }
}
