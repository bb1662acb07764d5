import type { Entry } from '../../format/entry.ts';
import { ANY_PLATFORM } from '../../format/path-rules.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { entryNotFound, notAFile } from '../no-content.ts';
import { stepForeign, visitForeign } from './read-foreign.ts';

/** The content of one file of a foreign archive; see `SnapshotReader.readContent`. It is read twice, first to verify all of it. */
export async function readForeignContent(
  source: RangeReader,
  path: string,
  write: (content: Uint8Array) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  let named: Entry | null = null;
  const files = new Map<string, Entry>();
  const finder = {
    begin(entry: Entry) {
      if (entry.path === path) named = entry;
      if (entry.type === 'file') files.set(entry.path, entry);
    },
    part() {},
    end() {},
  };
  await visitForeign(source, finder, ANY_PLATFORM, signal);
  const found = named as Entry | null;
  if (found === null) throw entryNotFound(path);
  const file = found.type === 'hardlink' ? (files.get(found.link as string) as Entry) : found;
  if (file.type !== 'file') throw notAFile(file);
  let held: Buffer[] = [];
  const collector = {
    begin() {},
    part(entry: Entry, content: Buffer) {
      if (entry.path === file.path) held.push(content);
    },
    end() {},
  };
  for await (const _ of stepForeign(source, collector, ANY_PLATFORM, signal)) {
    for (const content of held) await write(content);
    held = [];
  }
  return file;
}
