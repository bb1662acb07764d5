import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { padded } from '../../src/format/entry.ts';
import type { BlockEntry } from '../../src/format/index-block.ts';
import { encodeHeader, headerBlocks } from '../../src/format/tar-header.ts';
import { BlockWalker, type EntrySink } from '../../src/read/block-walker.ts';
import { noise } from '../damage/small-tree.ts';
import { blockEntry } from '../format/arbitraries.ts';

interface Part {
  entry: BlockEntry;
  content: Buffer;
}

function partOf(entry: Omit<BlockEntry, 'headerBlocks'>, content: Buffer = Buffer.alloc(0)): Part {
  const full: BlockEntry = { ...entry, size: content.length, headerBlocks: 1 };
  if (entry.type === 'file') full.sha256 = createHash('sha256').update(content).digest('hex');
  full.headerBlocks = headerBlocks(full);
  return { entry: full, content };
}

function tarOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map(({ entry, content }) => {
      const tar = Buffer.alloc(entry.headerBlocks * 512 + padded(content.length));
      encodeHeader(entry, tar, 0);
      content.copy(tar, entry.headerBlocks * 512);
      return tar;
    }),
  );
}

const common = { mode: 0o644, uid: 1000, gid: 1000, mtime: 1_770_000_000, mtimeNs: 5, size: 0 };
const parts = [
  partOf({ ...common, path: 'a', type: 'directory', mode: 0o755 }),
  partOf({ ...common, path: 'a/one', type: 'file' }, noise(700, 1)),
  partOf({ ...common, path: 'a/two', type: 'file' }),
  partOf({ ...common, path: 'b', type: 'symlink', link: 'a/one' }),
  partOf({ ...common, path: `c/${'long'.repeat(60)}`, type: 'file', mtime: -5 }, noise(1024, 2)),
  partOf({ ...common, path: 'd', type: 'file' }, noise(5000, 3)),
];
const entries = parts.map(({ entry }) => entry);
const tar = tarOf(parts);

/** What comes out: verified content by path, and what was begun and thrown away. */
class Collector implements EntrySink {
  readonly verified = new Map<string, Buffer>();
  readonly dropped: string[] = [];
  #held: Buffer[] = [];
  whole(entry: BlockEntry, content: Buffer): void {
    this.verified.set(entry.path, Buffer.from(content));
  }
  begin(): void {
    this.#held = [];
  }
  part(_: BlockEntry, content: Buffer): void {
    this.#held.push(Buffer.from(content));
  }
  end(entry: BlockEntry, verified: boolean): void {
    if (verified) this.verified.set(entry.path, Buffer.concat(this.#held));
    else this.dropped.push(entry.path);
  }
}

/** Feeds the tar in members of so many bytes; those whose number is in `lost` are passed over. */
function walk(
  bytes: Buffer,
  member: number,
  lost: number[] = [],
  selected: ((index: number) => boolean) | null = null,
) {
  const sink = new Collector();
  const walker = new BlockWalker(entries, sink, selected);
  for (let at = 0, i = 0; at < bytes.length; at += member, i++) {
    const piece = bytes.subarray(at, at + member);
    if (lost.includes(i)) walker.skip(piece.length);
    else walker.feed(piece);
  }
  return { sink, problems: walker.problems };
}

const contents = new Map(parts.map(({ entry, content }) => [entry.path, content]));

test('everything is verified, also where members cut through the content of the last file', () => {
  const start = tar.length - padded(5000) - 512;
  for (const member of [tar.length, start + 512 + 1024, start + 512 + 512]) {
    const { sink, problems } = walk(tar, member);
    expect(problems).toEqual([]);
    expect(sink.verified).toEqual(contents);
  }
});

test('a bit changed anywhere is a problem, and what it lies in is not given out', () => {
  fc.assert(
    fc.property(fc.nat(tar.length * 8 - 1), (bit) => {
      const changed = Buffer.from(tar);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const { sink, problems } = walk(changed, tar.length);
      expect(problems.length).toBeGreaterThan(0);
      expect(sink.verified.size).toBeLessThan(parts.length);
      for (const [path, content] of sink.verified) expect(content.equals(contents.get(path) as Buffer)).toBe(true);
      for (const { paths } of problems) for (const path of paths) expect(sink.verified.has(path)).toBe(false);
    }),
    { numRuns: 3000 },
  );
});

test('a bit changed in the header of any entry is a problem', () => {
  fc.assert(
    fc.property(blockEntry, fc.nat(), (entry, draw) => {
      const one = { ...entry, size: 0 };
      if (one.type === 'file') one.sha256 = createHash('sha256').digest('hex');
      one.headerBlocks = headerBlocks(one);
      const header = tarOf([{ entry: one, content: Buffer.alloc(0) }]);
      const sound = new BlockWalker([one]);
      sound.feed(header);
      expect(sound.problems).toEqual([]);
      const bit = draw % (header.length * 8);
      header[bit >> 3] = (header[bit >> 3] as number) ^ (1 << (bit & 7));
      const walker = new BlockWalker([one]);
      walker.feed(header);
      expect(walker.problems).toMatchObject([{ code: 'INDEX_MISMATCH', paths: [one.path] }]);
    }),
    { numRuns: 2000 },
  );
});

test('padding that is not zero is a problem', () => {
  const changed = Buffer.from(tar);
  changed[512 + 512 + 701] = 1;
  const { sink, problems } = walk(changed, tar.length);
  expect(problems).toMatchObject([{ code: 'TAR_INVALID', paths: ['a/one'] }]);
  expect(sink.verified.has('a/one')).toBe(false);
});

describe('members that are passed over', () => {
  test('cost the entries of which a part lies in them, and no others', () => {
    const start = tar.length - padded(5000) - 512;
    const { sink, problems } = walk(tar, start, [1]);
    expect(problems).toEqual([]);
    expect([...sink.verified.keys()]).toEqual(entries.slice(0, -1).map(({ path }) => path));
    const first = walk(tar, start, [0]);
    expect([...first.sink.verified.keys()]).toEqual(['d']);
  });

  test('in the middle of a file throw away what was taken of it', () => {
    const sink = new Collector();
    const walker = new BlockWalker(entries, sink);
    const start = tar.length - padded(5000) - 512;
    walker.feed(tar.subarray(0, start));
    walker.feed(tar.subarray(start, start + 1536));
    expect(walker.pathsAhead(1024)).toEqual(['d']);
    walker.skip(1024);
    walker.feed(tar.subarray(start + 2560));
    expect(sink.dropped).toEqual(['d']);
    expect(walker.problems).toEqual([]);
  });
});

test('only what is selected is given out, but the rest is verified too when it is fed', () => {
  const only = (index: number) => index === 1 || index === 5;
  const { sink, problems } = walk(tar, tar.length, [], only);
  expect(problems).toEqual([]);
  expect([...sink.verified.keys()]).toEqual(['a/one', 'd']);
});

test('tar bytes that the index does not know of are a problem', () => {
  const walker = new BlockWalker(entries);
  walker.feed(Buffer.concat([tar, Buffer.alloc(512)]));
  expect(walker.problems).toMatchObject([{ code: 'INDEX_MISMATCH' }]);
});
