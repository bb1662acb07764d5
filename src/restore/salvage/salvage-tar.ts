import type { Entry } from '../../format/entry.ts';
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../../format/manifest.ts';
import { MANIFEST_PATH } from '../../format/path-rules.ts';
import { gunzip } from '../../read/foreign/read-foreign.ts';
import { TarParser } from '../../read/foreign/tar-parser.ts';
import { problemOf } from '../../validate/problem.ts';
import type { Salvage } from './salvage-sealed.ts';

/** Small, for what one call of zlib has inflated when it finds damage is lost. */
const CHUNK_BYTES = 4096;

/**
 * Takes out of a foreign archive all that comes before the first damage.
 *
 * @returns its manifest, if that can be read
 */
export async function salvageTar({ source, writer, problems, signal, onEvent }: Salvage): Promise<Manifest | null> {
  let manifest: Manifest | null = null;
  let held: Buffer[] | null = null;
  writer.verified = false;
  const parser = new TarParser({
    begin(entry) {
      if (isManifest(entry)) held = [];
      else if (entry.type === 'file') writer.begin(entry);
      else writer.whole(entry, Buffer.alloc(0));
    },
    part(entry, content) {
      if (held === null) writer.part(entry, content);
      else held.push(Buffer.from(content));
    },
    end(entry) {
      if (held === null) {
        if (entry.type === 'file') writer.end(entry, true);
        onEvent?.({ type: 'progress', phase: 'extract', entries: writer.entries, bytes: writer.bytes });
        return;
      }
      try {
        manifest ??= parseManifest(Buffer.concat(held));
      } catch (error) {
        problems.push(problemOf(error, [MANIFEST_PATH]));
      }
      held = null;
    },
  });
  try {
    await gunzip(source, (chunk) => parser.push(chunk), signal, CHUNK_BYTES);
    parser.finish();
  } catch (error) {
    const problem = problemOf(error);
    problems.push(problem);
    writer.abandon(problem.message);
  }
  return manifest;
}

function isManifest({ path, type, size }: Entry): boolean {
  return (path === MANIFEST_PATH || path === `./${MANIFEST_PATH}`) && type === 'file' && size <= MAX_MANIFEST_BYTES;
}
