import { deflateRawSync } from 'node:zlib';
import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import { FORMAT_VERSION } from './format-version.ts';
import { DAMAGED_HINT } from './gzip-member.ts';
import { inflateJson } from './inflate-exactly.ts';
import { type Manifest, validateManifest } from './manifest.ts';

/** Most bytes that the root may inflate to. */
const MAX_ROOT_BYTES = 64 * 1024 * 1024;
/** Most entries in one block. */
const MAX_BLOCK_ENTRIES = 16_384;

const count = z.int().check(z.nonnegative());
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const totalsSchema = z.strictObject({
  entries: count,
  files: count,
  directories: count,
  symlinks: count,
  hard_links: count,
  /** Sum of the sizes of all files. */
  bytes: count,
  /** Uncompressed length of all members that hold entries. */
  tar_bytes: count,
});

const topSchema = z.strictObject({
  // As of any directory: set-user-id never.
  mode: count.check(z.maximum(0o3777)),
  uid: count,
  gid: count,
  mtime: z.int(),
  mtime_ns: count.check(z.maximum(999_999_999)),
});

const verdictSchema = z.strictObject({
  path: z.string(),
  verdict: z.enum(['retried', 'trimmed', 'changed', 'vanished', 'unreadable']),
  detail: z.string(),
});

const blockSchema = z.strictObject({
  /** Path of the first entry. */
  first: z.string(),
  entries: count.check(z.minimum(1), z.maximum(MAX_BLOCK_ENTRIES)),
  members: count.check(z.minimum(1)),
  /** Length in the index, and digest. */
  length: count.check(z.minimum(4)),
  sha256,
  /** Where in the file its first member begins, how many bytes its members take there, and how many tar bytes they hold. */
  offset: count,
  stored: count,
  raw: count,
});

const rootSchema = z.strictObject({
  format: z.literal(FORMAT_VERSION),
  manifest: z.unknown(),
  top: topSchema,
  totals: totalsSchema,
  verdicts: z.array(verdictSchema),
  blocks: z.array(blockSchema),
});

export type Totals = z.infer<typeof totalsSchema>;

/** Whether a snapshot holds nothing that anybody would want back in place of what is there: directories alone. */
export function isEmptySnapshot({ files, symlinks }: Pick<Totals, 'files' | 'symlinks'>): boolean {
  return files === 0 && symlinks === 0;
}

export type RecordedVerdict = z.infer<typeof verdictSchema>;
export type BlockRow = z.infer<typeof blockSchema>;

/** The root of the index: what there is in all, and where the blocks are. */
export interface IndexRoot extends Omit<z.infer<typeof rootSchema>, 'manifest'> {
  /** The manifest as it turned out, without `index_sha256`. */
  manifest: Manifest;
}

/**
 * The root as it stands at the end of the index.
 *
 * @throws BackupError `TOO_LARGE` for a root that no reader would take
 */
export function encodeRoot(root: IndexRoot): Buffer {
  const json = Buffer.from(JSON.stringify(root), 'utf8');
  if (json.length > MAX_ROOT_BYTES) {
    throw new BackupError(
      'TOO_LARGE',
      `the index of the snapshot would have a root of ${json.length} bytes, more than a reader takes`,
      {
        hint: `It names ${root.verdicts.length} files that were not captured clean: look into those first.`,
      },
    );
  }
  return deflateRawSync(json, { level: 9 });
}

/**
 * Reads the root and checks its form.
 *
 * @throws BackupError `INDEX_INVALID`, or the manifest's codes
 */
export function parseRoot(bytes: Buffer): IndexRoot {
  let value: unknown;
  try {
    value = inflateJson(bytes, MAX_ROOT_BYTES);
  } catch (cause) {
    throw new BackupError('INDEX_INVALID', 'the root of the index cannot be read', { hint: DAMAGED_HINT, cause });
  }
  const parsed = rootSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BackupError(
      'INDEX_INVALID',
      `the root of the index has a wrong value: ${issue?.path.join('.')}: ${issue?.message}`,
      {
        hint: DAMAGED_HINT,
        cause: parsed.error,
      },
    );
  }
  return { ...parsed.data, manifest: validateManifest(parsed.data.manifest) };
}
