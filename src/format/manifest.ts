import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import { utf8 } from './bytes.ts';
import { BLOCK, padded } from './entry.ts';
import { FORMAT_VERSION, otherFormat } from './format-version.ts';
import { MANIFEST_PATH } from './path-rules.ts';
import { parseStrictJson, sameJson, withPlainNumbers } from './strict-json.ts';
import { encodeHeader } from './tar-header.ts';

/** The only manifest version there is; Oxios refuses others too. */
const MANIFEST_VERSION = 1;
/** A manifest of more bytes than this is refused unread. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;
const MAX_SECTIONS = 1000;
/** Objects and arrays within each other. */
const MAX_DEPTH = 32;
const SPACE = 0x20;
/** Behind the last second that a header of tar has room for. */
const TIMES_END = 8 ** 11;

const count = z.int().check(z.nonnegative());

// Oxios's rule for the name of a category: relative, no empty or `..` component, no backslash.
const CATEGORY_NAME = /^(?!.*\.\.)[^/\\\0]+(?:\/[^/\\\0]+)*$/s;

/** The part of the manifest that Oxios itself reads. */
const oxiosManifest = z.looseObject({
  version: z.literal(MANIFEST_VERSION),
  created_at: z.iso.datetime({ offset: true }),
  oxios_version: z.string(),
  sections: z
    .array(z.looseObject({ name: z.string().check(z.regex(CATEGORY_NAME)), entry_count: count }))
    .check(z.maxLength(MAX_SECTIONS)),
});

const manifestSchema = z.extend(oxiosManifest, {
  snapshot_format: z.optional(count),
  tool: z.optional(z.string()),
  source: z.optional(z.looseObject({ platform: z.string(), hostname: z.string(), state_dir: z.string() })),
  excludes: z.optional(z.array(z.string())),
  files: z.optional(z.nullable(count)),
  bytes: z.optional(z.nullable(count)),
  index_sha256: z.optional(z.nullable(z.string().check(z.regex(/^[0-9a-f]{64}$/)))),
});

/** What a manifest must say besides when it is the first entry of a sealed snapshot. */
const firstSchema = z.looseObject({
  created_at: z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/)),
  sections: z.array(z.looseObject({ entry_count: count.check(z.minimum(1)) })),
  snapshot_format: z.literal(FORMAT_VERSION),
  files: z.nullable(count),
  bytes: z.nullable(count),
  index_sha256: z.nullable(z.string()),
});

/** The same of the one in the index header, which was written when all was known, but for its own digest. */
const indexSchema = z.extend(firstSchema, { files: count, bytes: count, index_sha256: z.optional(z.undefined()) });

/**
 * The manifest of a snapshot, in snake case as its JSON. Oxios reads `version`, `created_at`, `oxios_version` and `sections`; the other fields
 * are ours, and absent in a foreign archive. Unknown fields are kept and ignored.
 */
export interface Manifest {
  /** Version of Oxios's manifest. */
  version: 1;
  /** When the snapshot was made, RFC 3339. */
  created_at: string;
  /** Version of Oxios that the state is of; `unknown` if it was not found. */
  oxios_version: string;
  /** Sections that hold documents. */
  sections: ManifestSection[];
  /** Version of the snapshot format. */
  snapshot_format?: number | undefined;
  /** Name and version of the program that made the snapshot. */
  tool?: string | undefined;
  /** What the snapshot is of: the platform as Node names it, the name of the machine, the absolute path of the state directory. */
  source?: { platform: string; hostname: string; state_dir: string } | undefined;
  /** The patterns of `excludes`. */
  excludes?: string[] | undefined;
  /** Number of files; null in the first member of a snapshot that was written to a stream. */
  files?: number | null | undefined;
  /** Sum of their sizes in bytes; null as `files`. */
  bytes?: number | null | undefined;
  /** SHA-256 of the index in hexadecimal; null as `files`, and absent in the manifest of the index itself. */
  index_sha256?: string | null | undefined;
  [name: string]: unknown;
}

/** A part of the state that Oxios counts. */
export interface ManifestSection {
  /** Name of the section: that of its folder, such as `memory/facts`. */
  name: string;
  /** How many documents it holds. */
  entry_count: number;
}

const INVALID_HINT = 'It was not made by oxios-backup or Oxios, or it is damaged: use another snapshot.';

function invalid(reason: string, cause?: unknown): BackupError {
  return new BackupError('MANIFEST_INVALID', `manifest.json of the snapshot ${reason}`, {
    path: MANIFEST_PATH,
    hint: INVALID_HINT,
    cause,
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes, MAX_DEPTH);
  } catch (cause) {
    throw invalid(`is not JSON of one meaning: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/**
 * Reads the content of `manifest.json` of an archive without an index.
 *
 * @throws BackupError `MANIFEST_VERSION` for a version that this program does not know, `MANIFEST_INVALID` for anything else that is wrong
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return validated(parseJson(bytes), manifestSchema);
}

/** A manifest, and the JSON that it was read from. */
export interface IndexManifest {
  manifest: Manifest;
  manifestJson: Readonly<Record<string, unknown>>;
}

/**
 * Reads the content of `manifest.json` of a sealed snapshot.
 *
 * @throws BackupError as `parseManifest`
 */
export function parseFirstManifest(bytes: Uint8Array): IndexManifest {
  const json = parseJson(bytes);
  const manifest = validated(json, firstSchema);
  if (typeof manifest.index_sha256 === 'string' && (manifest.files === null || manifest.bytes === null))
    throw invalid('was completed at the end, but does not count its files');
  return { manifest, manifestJson: json as IndexManifest['manifestJson'] };
}

/** The same for the manifest in the index header. */
export function validateIndexManifest(json: unknown): IndexManifest {
  return { manifest: validated(json, indexSchema), manifestJson: json as IndexManifest['manifestJson'] };
}

/** Whether the first manifest, its digest of the index aside, says what that of the index header says. */
export function sameManifest(first: IndexManifest, index: IndexManifest): boolean {
  const { index_sha256: _, ...rest } = first.manifestJson;
  return sameJson(rest, index.manifestJson);
}

function validated(value: unknown, further: z.ZodMiniType): Manifest {
  const version = z.looseObject({ version: z.number() }).safeParse(value);
  if (version.success && version.data.version !== MANIFEST_VERSION) {
    throw new BackupError(
      'MANIFEST_VERSION',
      `the snapshot's manifest has version ${version.data.version}; this program reads version ${MANIFEST_VERSION}`,
      {
        path: MANIFEST_PATH,
        hint: 'It was made by a later Oxios: use the oxios-backup that belongs to it.',
      },
    );
  }
  const format = z.looseObject({ snapshot_format: z.number() }).safeParse(value);
  if (format.success && format.data.snapshot_format !== FORMAT_VERSION) throw otherFormat(format.data.snapshot_format);
  const parsed = manifestSchema.safeParse(value);
  const complete = further.safeParse(value);
  if (!parsed.success || !complete.success) {
    const error = parsed.error ?? complete.error;
    const issue = error?.issues[0];
    throw invalid(`is not a manifest: ${issue?.path.join('.') || 'it'}: ${issue?.message}`, error);
  }
  const names = new Set(parsed.data.sections.map((section) => section.name));
  if (names.size !== parsed.data.sections.length) throw invalid('names a section twice');
  return withPlainNumbers(parsed.data) as Manifest;
}

/** Whether these bytes are what Oxios's own restore leaves behind in a state directory: a backup's manifest. */
export function isBackupManifest(bytes: Uint8Array): boolean {
  try {
    return oxiosManifest.safeParse(parseJson(bytes)).success;
  } catch {
    return false;
  }
}

/**
 * The tar bytes of the manifest's entry: header, JSON, padding of spaces.
 *
 * @param length makes the result that long, to replace an earlier one in place; a multiple of 512
 */
export function encodeManifestEntry(manifest: Manifest, length?: number): Uint8Array {
  const json = utf8(`${JSON.stringify(manifest, null, 2)}\n`);
  const size = length === undefined ? padded(json.length) : length - BLOCK;
  if (json.length > size) throw new RangeError(`a manifest of ${json.length} bytes does not fit into ${size}`);
  const entry = new Uint8Array(BLOCK + size).fill(SPACE);
  entry.set(manifestHeader(manifest, size));
  entry.set(json, BLOCK);
  return entry;
}

/** Whether a snapshot can be of a time, in seconds since 1970. Others would need a pax header, and the manifest has one block. */
export function fitsManifest(seconds: number): boolean {
  return seconds >= 0 && seconds < TIMES_END;
}

/** The tar header of a manifest whose content, padding included, has `size` bytes. */
export function manifestHeader({ created_at }: Manifest, size: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const mtime = Math.floor(Date.parse(created_at) / 1000);
  if (!fitsManifest(mtime)) throw invalid('was created at a time before 1970 or after 2242');
  encodeHeader({ path: MANIFEST_PATH, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime, size }, header, 0);
  return header;
}
