import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeManifestEntry, isBackupManifest, type Manifest, parseManifest } from '../../src/format/manifest.ts';
import { manifestTar } from '../archives/manifest.ts';

const sound: Manifest = {
  version: 1,
  created_at: '2026-03-03T02:00:00.000Z',
  oxios_version: '0.3.0',
  sections: [{ name: 'seeds', entry_count: 2 }],
};
const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)));
const invalid = expect.objectContaining({ code: 'MANIFEST_INVALID', kind: 'invalid' });

test('unknown fields are kept, at the top and in sections', () => {
  const more = { ...sound, later: [1, { a: null }], sections: [{ name: 'seeds', entry_count: 2, hash: 'x' }] };
  expect(parse(more)).toEqual(more);
});

test('times with any offset are read', () => {
  for (const created_at of ['2026-03-03T02:00:00Z', '2026-03-03T02:00:00.123456789Z', '2026-03-03T02:00:00+09:00'])
    expect(parse({ ...sound, created_at }).created_at).toBe(created_at);
});

test('another version is refused as such, whatever else it says', () => {
  for (const version of [0, 2, -1])
    expect(() => parse({ version, anything: true })).toThrow(
      expect.objectContaining({ code: 'MANIFEST_VERSION', kind: 'invalid' }),
    );
});

test('what is no manifest is refused', () => {
  const section = { name: 'seeds', entry_count: 2 };
  const wrong: unknown[] = [
    null,
    [],
    'text',
    1,
    {},
    { ...sound, version: '1' },
    { ...sound, created_at: 'yesterday' },
    { ...sound, created_at: 5 },
    { ...sound, oxios_version: null },
    { ...sound, sections: {} },
    { ...sound, sections: [{ name: 'seeds' }] },
    { ...sound, sections: [{ name: '', entry_count: 0 }] },
    { ...sound, sections: [{ name: 'seeds', entry_count: -1 }] },
    { ...sound, sections: [{ name: 'seeds', entry_count: 1.5 }] },
    { ...sound, sections: [section, section] },
    { ...sound, sections: Array.from({ length: 1001 }, (_, i) => ({ name: `${i}`, entry_count: 1 })) },
    { ...sound, files: -1 },
    { ...sound, index_sha256: 'short' },
    { ...sound, source: 'here' },
  ];
  for (const value of wrong) expect(() => parse(value), JSON.stringify(value)?.slice(0, 80)).toThrow(invalid);
  for (const text of ['', '{', '{"version":1', '\ufffe{}', `${'['.repeat(100_000)}`, '{"version":1e400}'])
    expect(() => parseManifest(Buffer.from(text)), text.slice(0, 20)).toThrow(
      expect.objectContaining({ kind: 'invalid' }),
    );
  expect(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(invalid);
});

test('a key of JavaScript is but a key', () => {
  const parsed = parseManifest(Buffer.from(`${JSON.stringify(sound).slice(0, -1)},"__proto__":{"polluted":true}}`));
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(parsed.version).toBe(1);
});

test('its entry is whole tar blocks, reads back, and can be rewritten in place', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(5), (oxios_version, spare) => {
      const entry = encodeManifestEntry({ ...sound, oxios_version });
      expect(entry.length % 512).toBe(0);
      expect(parseManifest(entry.subarray(512))).toEqual({ ...sound, oxios_version });
      const length = entry.length + spare * 512;
      const rewritten = encodeManifestEntry(sound, Math.max(length, 1024));
      expect(rewritten).toHaveLength(Math.max(length, 1024));
      expect(parseManifest(rewritten.subarray(512))).toEqual(sound);
    }),
  );
  expect(() => encodeManifestEntry({ ...sound, oxios_version: 'x'.repeat(600) }, 1024)).toThrow(RangeError);
});

test('its tar header is the one built from the document alone', () => {
  const json = `${JSON.stringify(sound, null, 2)}\n`;
  const other = manifestTar(json, { mtime: Date.parse(sound.created_at) / 1000 });
  expect(Buffer.compare(encodeManifestEntry(sound), other)).toBe(0);
});

test("what Oxios's restore leaves behind is known by its form", () => {
  expect(isBackupManifest(Buffer.from(JSON.stringify(sound)))).toBe(true);
  expect(isBackupManifest(Buffer.from('{"name":"my web app","version":1}'))).toBe(false);
  expect(isBackupManifest(Buffer.from('no json'))).toBe(false);
});
