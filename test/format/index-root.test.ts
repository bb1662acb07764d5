import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRoot, type NewIndexRoot, parseRoot } from '../../src/format/index-root.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { path } from './arbitraries.ts';

const count = fc.nat(2 ** 40);
const manifest: Manifest = {
  version: 1,
  created_at: '2026-03-03T02:00:00Z',
  oxios_version: '0.3.0',
  sections: [{ name: 'seeds', entry_count: 1 }],
  snapshot_format: 1,
  files: 1,
  bytes: 2,
  later: { kept: true },
};
const root: fc.Arbitrary<NewIndexRoot> = fc.record({
  format: fc.constant(1 as const),
  manifest: fc.constant(manifest),
  compression: fc.constant({ library: 'zlib', version: '1.3', levels: { small_files: 5 } }),
  directory: fc.record({
    mode: fc.nat(0o3777),
    uid: fc.nat(),
    gid: fc.nat(),
    mtime: fc.integer(),
    mtime_ns: fc.nat(999_999_999),
  }),
  totals: fc.record({
    entries: count,
    files: count,
    directories: count,
    symlinks: count,
    hardLinks: count,
    bytes: count,
    tarBytes: count,
  }),
  statuses: fc.array(
    fc.record({
      path,
      status: fc.constantFrom(
        'retried' as const,
        'truncated' as const,
        'inconsistent' as const,
        'deleted' as const,
        'unreadable' as const,
      ),
      detail: fc.string(),
    }),
    { maxLength: 4 },
  ),
  pages: fc.array(
    fc.record({
      first: path,
      blocks: fc.integer({ min: 1, max: 4096 }),
      entries: fc.integer({ min: 1, max: 2 ** 30 }),
      block_bytes: fc.integer({ min: 4, max: 2 ** 30 }),
      length: fc.integer({ min: 4, max: 2 ** 30 }),
      sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      stored: count,
      raw: count,
    }),
    { maxLength: 4 },
  ),
});
const refused = expect.objectContaining({ kind: 'invalid' });

/** The JSON that is written of it. */
function written(value: NewIndexRoot): Record<'directory' | 'totals', object> {
  return JSON.parse(inflateRawSync(encodeRoot(value, NODE_CODEC)).toString());
}

/** What is read of what was written. */
function read(value: NewIndexRoot): object {
  return { ...value, manifestJson: value.manifest };
}

test('parse after serialize gives the same value, serialize after parse the same bytes', () => {
  fc.assert(
    fc.property(root, (value) => {
      const bytes = encodeRoot(value, NODE_CODEC);
      const parsed = parseRoot(bytes, NODE_CODEC);
      expect(parsed).toEqual(read(value));
      expect(Buffer.compare(encodeRoot({ ...parsed, compression: value.compression }, NODE_CODEC), bytes)).toBe(0);
    }),
  );
});

test('fields that nobody knows are ignored, at every level', () => {
  const [value] = fc.sample(root, { numRuns: 1, seed: 2 }) as [NewIndexRoot];
  const more = { later: [1.5, null, { a: 2e300 }] };
  const json = {
    ...written(value),
    ...more,
    directory: { ...value.directory, ...more },
    totals: { ...written(value).totals, ...more },
    statuses: value.statuses.map((each) => ({ ...each, ...more })),
    pages: value.pages.map((each) => ({ ...each, ...more })),
  };
  expect(parseRoot(deflateRawSync(JSON.stringify(json)), NODE_CODEC)).toEqual(read(value));
});

test('what is said of the compression need not be there, and makes nothing invalid', () => {
  const [value] = fc.sample(root, { numRuns: 1, seed: 3 }) as [NewIndexRoot];
  for (const compression of [
    undefined,
    null,
    5,
    'zlib',
    { library: 'zlib' },
    { ...value.compression, levels: { a: 'b' } },
  ]) {
    const bytes = deflateRawSync(JSON.stringify({ ...written(value), compression }));
    expect(parseRoot(bytes, NODE_CODEC).compression).toBeNull();
  }
});

test('a feature that a reader must know, and does not, is named, whatever else it has changed', () => {
  const bytes = deflateRawSync(JSON.stringify({ requires: ['chunks/2', 'x\u001b[2J'], pages: 'elsewhere' }));
  expect(() => parseRoot(bytes, NODE_CODEC)).toThrow(
    expect.objectContaining({ code: 'FORMAT_FEATURE', message: expect.stringContaining('"chunks/2", "x\\u001b[2J"') }),
  );
});

test('a root with a byte changed is refused, or says what its JSON says', () => {
  fc.assert(
    fc.property(root, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, draw, change) => {
      const bytes = encodeRoot(value, NODE_CODEC);
      bytes[draw % bytes.length] = (bytes[draw % bytes.length] as number) ^ change;
      try {
        const parsed = parseRoot(bytes, NODE_CODEC);
        const json = JSON.parse(inflateRawSync(bytes).toString());
        const { hardLinks: hard_links, tarBytes: tar_bytes, ...counts } = parsed.totals;
        expect(json.totals).toMatchObject({ ...counts, hard_links, tar_bytes });
        expect(parsed).toMatchObject({ pages: json.pages, statuses: json.statuses });
      } catch (error) {
        expect(error).toEqual(refused);
      }
    }),
    { numRuns: 300 },
  );
});

test('values that cannot be are refused', () => {
  const [value] = fc.sample(root, { numRuns: 1, seed: 1 }) as [NewIndexRoot];
  const parse = (change: object) => () =>
    parseRoot(deflateRawSync(JSON.stringify({ ...written(value), ...change })), NODE_CODEC);
  expect(parse({})).not.toThrow();
  const page = {
    first: 'a',
    blocks: 1,
    entries: 1,
    block_bytes: 4,
    length: 4,
    sha256: '0'.repeat(64),
    stored: 0,
    raw: 0,
  };
  expect(parse({ pages: [page] })).not.toThrow();
  const wrong: object[] = [
    { format: 2 },
    { manifest: null },
    { manifest: { ...manifest, version: 2 } },
    { directory: { ...value.directory, mode: 0o10000 } },
    { manifest: { ...manifest, files: null } },
    { manifest: { ...manifest, index_sha256: null } },
    { requires: undefined },
    { requires: 'all' },
    { totals: { ...written(value).totals, files: -1 } },
    { statuses: [{ path: 'a', status: 'fine', detail: '' }] },
    { pages: [{ ...page, blocks: 0 }] },
    { pages: [{ ...page, blocks: 4097 }] },
    { pages: [{ ...page, sha256: 'x' }] },
    { pages: [{ ...page, sha256: 'A'.repeat(64) }] },
    { pages: [{ ...page, stored: 1.5 }] },
    { pages: {} },
  ];
  for (const change of wrong) expect(parse(change), JSON.stringify(change)).toThrow(refused);
  for (const bytes of [Buffer.alloc(0), Buffer.from('{}'), deflateRawSync('['), deflateRawSync('null')])
    expect(() => parseRoot(bytes, NODE_CODEC)).toThrow(refused);
});
