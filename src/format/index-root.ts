import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import { utf8 } from './bytes.ts';
import type { Codec } from './codec.ts';
import { refuseUnknownFeatures } from './features.ts';
import type { FileStatus } from './file-status.ts';
import { FORMAT_VERSION } from './format-version.ts';
import { MAX_PAGE_BLOCKS } from './index-page.ts';
import { inflateJson, MAX_INDEX_JSON_BYTES } from './inflate-json.ts';
import { type IndexManifest, validateIndexManifest } from './manifest.ts';
import { invalidIndex } from './packed-columns.ts';

const count = z.int().check(z.nonnegative());
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const totalsSchema = z.object({
  entries: count,
  files: count,
  directories: count,
  symlinks: count,
  hard_links: count,
  bytes: count,
  tar_bytes: count,
});

const directorySchema = z.object({
  // As of any directory: set-user-id never.
  mode: count.check(z.maximum(0o3777)),
  uid: count.check(z.maximum(0xffffffff)),
  gid: count.check(z.maximum(0xffffffff)),
  mtime: z.int().check(z.minimum(-8.64e12), z.maximum(8.64e12)),
  mtime_ns: count.check(z.maximum(999_999_999)),
});

const statusSchema = z.object({
  path: z.string(),
  status: z.enum(['retried', 'truncated', 'inconsistent', 'deleted', 'unreadable']),
  detail: z.string(),
});

const pageSchema = z.object({
  /** Path of the first entry of its first block. */
  first: z.string(),
  blocks: count.check(z.minimum(1), z.maximum(MAX_PAGE_BLOCKS)),
  entries: count.check(z.minimum(1)),
  /** Length of its blocks in the index, before it. */
  block_bytes: count.check(z.minimum(4)),
  /** Length in the index, and digest. */
  length: count.check(z.minimum(4)),
  sha256,
  /** How many bytes the members of its blocks take in the file, and how many tar bytes they hold. */
  stored: count,
  raw: count,
});

const compressionSchema = z.object({
  library: z.string(),
  version: z.string(),
  levels: z.record(z.string(), z.number()),
});

const requiresSchema = z.object({ requires: z.array(z.string()) });

const rootSchema = z.object({
  format: z.literal(FORMAT_VERSION),
  requires: z.array(z.string()),
  // Whatever it is, a snapshot is none the worse for it.
  compression: z.catch(z.nullable(compressionSchema), null),
  manifest: z.unknown(),
  directory: directorySchema,
  totals: totalsSchema,
  statuses: z.array(statusSchema),
  pages: z.array(pageSchema),
});

type RootJson = z.infer<typeof rootSchema>;

/** What a snapshot holds. */
export interface Totals {
  /** Number of all entries. */
  entries: number;
  /** Number of files; further names of a file are hard links. */
  files: number;
  /** Number of directories. */
  directories: number;
  /** Number of symbolic links. */
  symlinks: number;
  /** Number of hard links: names of files that have another name in the snapshot. */
  hardLinks: number;
  /** Sum of the sizes of all files, in bytes, uncompressed. */
  bytes: number;
  /** Length in bytes of all members that hold entries, uncompressed: contents and tar headers. */
  tarBytes: number;
}

/** Whether a snapshot holds nothing that anybody would want back in place of what is there: directories alone. */
export function isEmptySnapshot({ files, symlinks }: Pick<Totals, 'files' | 'symlinks'>): boolean {
  return files === 0 && symlinks === 0;
}

/** A file whose status is not `ok`, as the snapshot records it. */
export interface RecordedStatus {
  /** Relative to the state directory. */
  path: string;
  /** How its capture went. */
  status: Exclude<FileStatus, 'ok'>;
  /** What happened, in a few words. */
  detail: string;
}

/** What the index header says of a page. */
export type PageRow = z.infer<typeof pageSchema>;

/** What packed the members, with the level by what is packed. Not needed to read them: it shows whether the same would be written again. */
export type Compression = z.infer<typeof compressionSchema>;

/** The header of the index: what there is in all, and where the pages are. `compression` is null where nothing is said of it. */
export interface IndexRoot extends Omit<RootJson, 'manifest' | 'requires' | 'totals'>, IndexManifest {
  totals: Totals;
}

/** The same as it is written. */
export interface NewIndexRoot extends Omit<RootJson, 'manifest' | 'requires' | 'compression' | 'totals'> {
  manifest: IndexManifest['manifest'];
  compression: Compression;
  totals: Totals;
}

/** The index header as it is at the end of the index. */
export function encodeRoot(
  { format, compression, manifest, directory, totals, statuses, pages }: NewIndexRoot,
  codec: Codec,
): Uint8Array {
  const requires: string[] = [];
  const json = { format, requires, compression, manifest, directory, totals: totalsJson(totals), statuses, pages };
  const bytes = utf8(JSON.stringify(json));
  if (bytes.length > MAX_INDEX_JSON_BYTES) {
    throw new BackupError(
      'LIMIT_EXCEEDED',
      `the index of the snapshot would have a header of ${bytes.length} bytes, more than a reader takes`,
      { hint: `It names ${statuses.length} files whose status is not ok: look into those first.` },
    );
  }
  return codec.deflate(bytes, 9);
}

/**
 * Reads the index header and checks its form.
 *
 * @throws BackupError `INDEX_INVALID`, `FORMAT_FEATURE`, or the manifest's codes
 */
export function parseRoot(bytes: Uint8Array, codec: Codec): IndexRoot {
  let value: unknown;
  try {
    value = inflateJson(bytes, codec);
  } catch (cause) {
    throw invalidIndex('has a header that cannot be read', cause);
  }
  // Before the rest, which a feature may have changed.
  const requires = requiresSchema.safeParse(value);
  if (requires.success) refuseUnknownFeatures(requires.data.requires);
  const parsed = rootSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalidIndex(`has a header with a wrong value: ${issue?.path.join('.')}: ${issue?.message}`, parsed.error);
  }
  const { manifest, requires: _, totals, ...rest } = parsed.data;
  const { hard_links: hardLinks, tar_bytes: tarBytes, ...counts } = totals;
  return { ...rest, totals: { ...counts, hardLinks, tarBytes }, ...validateIndexManifest(manifest) };
}

function totalsJson({ entries, files, directories, symlinks, hardLinks, bytes, tarBytes }: Totals): RootJson['totals'] {
  return { entries, files, directories, symlinks, hard_links: hardLinks, bytes, tar_bytes: tarBytes };
}
