import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRoot, type IndexRoot, parseRoot } from '../../src/format/index-root.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { path } from './arbitraries.ts';

const count = fc.nat(2 ** 40);
const manifest: Manifest = {
  version: 1,
  created_at: '2026-03-03T02:00:00Z',
  oxios_version: '0.3.0',
  sections: [{ name: 'seeds', entry_count: 1 }],
  later: { kept: true },
};
const root: fc.Arbitrary<IndexRoot> = fc.record({
  format: fc.constant(1 as const),
  manifest: fc.constant(manifest),
  top: fc.record({ mode: fc.nat(0o3777), uid: count, gid: count, mtime: fc.integer(), mtime_ns: fc.nat(999_999_999) }),
  totals: fc.record({
    entries: count,
    files: count,
    directories: count,
    symlinks: count,
    hard_links: count,
    bytes: count,
    tar_bytes: count,
  }),
  verdicts: fc.array(
    fc.record({
      path,
      verdict: fc.constantFrom(
        'retried' as const,
        'trimmed' as const,
        'changed' as const,
        'vanished' as const,
        'unreadable' as const,
      ),
      detail: fc.string(),
    }),
    { maxLength: 4 },
  ),
  blocks: fc.array(
    fc.record({
      first: path,
      entries: fc.integer({ min: 1, max: 16_384 }),
      members: fc.integer({ min: 1, max: 1000 }),
      length: fc.integer({ min: 4, max: 2 ** 30 }),
      sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      offset: count,
      stored: count,
      raw: count,
    }),
    { maxLength: 4 },
  ),
});
const refused = expect.objectContaining({ exitStatus: 4 });

test('parse after serialize gives the same value, serialize after parse the same bytes', () => {
  fc.assert(
    fc.property(root, (value) => {
      const bytes = encodeRoot(value);
      expect(parseRoot(bytes)).toEqual(value);
      expect(encodeRoot(parseRoot(bytes)).equals(bytes)).toBe(true);
    }),
  );
});

test('a root with a byte changed is refused, or says what its JSON says', () => {
  fc.assert(
    fc.property(root, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, draw, change) => {
      const bytes = encodeRoot(value);
      bytes[draw % bytes.length] = (bytes[draw % bytes.length] as number) ^ change;
      try {
        expect(parseRoot(bytes)).toEqual(JSON.parse(inflateRawSync(bytes).toString()));
      } catch (error) {
        expect(error).toEqual(refused);
      }
    }),
    { numRuns: 300 },
  );
});

test('values that cannot be are refused', () => {
  const [value] = fc.sample(root, { numRuns: 1, seed: 1 }) as [IndexRoot];
  const parse = (change: object) => () => parseRoot(deflateRawSync(JSON.stringify({ ...value, ...change })));
  expect(parse({})).not.toThrow();
  const block = { first: 'a', entries: 1, members: 1, length: 4, sha256: '0'.repeat(64), offset: 0, stored: 0, raw: 0 };
  const wrong: object[] = [
    { format: 2 },
    { manifest: null },
    { manifest: { ...manifest, version: 2 } },
    { top: { ...value.top, mode: 0o10000 } },
    { totals: { ...value.totals, files: -1 } },
    { verdicts: [{ path: 'a', verdict: 'fine', detail: '' }] },
    { blocks: [{ ...block, entries: 0 }] },
    { blocks: [{ ...block, entries: 16_385 }] },
    { blocks: [{ ...block, sha256: 'x' }] },
    { blocks: [{ ...block, offset: 1.5 }] },
    { blocks: {} },
    { extra: 1 },
  ];
  for (const change of wrong) expect(parse(change), JSON.stringify(change)).toThrow(refused);
  for (const bytes of [Buffer.alloc(0), Buffer.from('{}'), deflateRawSync('['), deflateRawSync('null')])
    expect(() => parseRoot(bytes)).toThrow(refused);
});
