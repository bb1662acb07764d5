import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import { BLOCK, padded } from './entry.ts';
import { FORMAT_VERSION, otherFormat } from './format-version.ts';
import { MANIFEST_PATH } from './path-rules.ts';
import { encodeHeader } from './tar-header.ts';

/** The only manifest version there is; Oxios refuses others too. */
const MANIFEST_VERSION = 1;
/** A manifest of more bytes than this is refused unread. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;
const MAX_SECTIONS = 1000;
/** Objects and arrays within each other. */
const MAX_DEPTH = 32;

const count = z.int().check(z.nonnegative());

// Oxios's rule for the name of a category: relative, no empty or `..` component, no backslash.
const CATEGORY_NAME = /^(?!.*\.\.)[^/\\\0]+(?:\/[^/\\\0]+)*$/;

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

/** The manifest of a snapshot: Oxios's fields, ours, and any others, which are kept and ignored. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A part of the state that Oxios counts: how many documents a category holds. */
export interface ManifestSection {
  name: string;
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
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
}

/**
 * Reads the content of `manifest.json`.
 *
 * @throws BackupError `MANIFEST_VERSION` for a version that this program does not know, `MANIFEST_INVALID` for anything else that is wrong
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return validateManifest(parseJson(bytes));
}

/** The same for a manifest that is JSON already. */
export function validateManifest(value: unknown): Manifest {
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
  if (isDeeperThan(value, MAX_DEPTH)) throw invalid('is nested too deeply');
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(`is not a manifest: ${issue?.path.join('.') || 'it'}: ${issue?.message}`, parsed.error);
  }
  const names = new Set(parsed.data.sections.map((section) => section.name));
  if (names.size !== parsed.data.sections.length) throw invalid('names a section twice');
  return parsed.data;
}

/** Goes down without recursion, for the depth is what is in doubt. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let i = 0; level.length > 0; i++) {
    if (i > depth) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
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
export function encodeManifestEntry(manifest: Manifest, length?: number): Buffer {
  const json = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`, 'utf8');
  const size = length === undefined ? padded(json.length) : length - BLOCK;
  if (json.length > size) throw new RangeError(`a manifest of ${json.length} bytes does not fit into ${size}`);
  const entry = Buffer.alloc(BLOCK + size, ' ');
  entry.set(manifestHeader(manifest, size));
  json.copy(entry, BLOCK);
  return entry;
}

/** The tar header of a manifest whose content, padding included, has `size` bytes. */
export function manifestHeader({ created_at }: Manifest, size: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const mtime = Math.floor(Date.parse(created_at) / 1000);
  // Others would need a pax header, and the manifest has one block.
  if (!(mtime >= 0 && mtime < 8 ** 11)) throw invalid('was created at a time before 1970 or after 2242');
  encodeHeader({ path: MANIFEST_PATH, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime, size }, header, 0);
  return header;
}
