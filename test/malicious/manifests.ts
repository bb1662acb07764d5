/** Manifests that are missing, in disguise, of another world, or at odds with what follows. */
import { directory, file, hardLink, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { manifestOf, manifestTar, type PlainManifest } from '../archives/manifest.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { type HeaderFields, ustarHeader } from '../archives/tar-bytes.ts';
import { type Attack, BASE, foreign, sealed } from './attack.ts';

/** The valid archive with another `manifest.json` in it. */
function replaced(tar: (valid: Buffer) => Buffer): Attack {
  return { ...sealed([], { manifestTar: tar }), ...foreign([], { manifestTar: tar }) };
}

const json = (text: string): Attack => replaced(() => manifestTar(text));
/** Another header before the valid content, or alone where a tar has no content for such an entry. */
const header = (fields: Partial<HeaderFields>): Attack => ({
  ...sealed([], {
    manifestTar: (tar) => {
      const size = tar.length - 512;
      return Buffer.concat([ustarHeader({ path: 'manifest.json', size, ...fields }), tar.subarray(512)]);
    },
  }),
  ...foreign([], {
    manifestTar: (tar) => {
      const size = fields.type === undefined ? tar.length - 512 : 0;
      const content = tar.subarray(512, 512 + size);
      return Buffer.concat([ustarHeader({ path: 'manifest.json', size, ...fields }), content]);
    },
  }),
});

/** A change to the manifest, in a snapshot to that of the root too. */
function changed(change: (manifest: PlainManifest) => unknown, extra = BASE): Attack {
  return {
    sealed: () =>
      buildSnapshot(extra, {
        manifest: (manifest) => change(manifest),
        root: (root) => ({ ...root, manifest: change(root.manifest) }),
      }),
    foreign: () => buildForeign(extra, { manifest: change }),
  };
}

const set = (fields: object): Attack => changed((manifest) => ({ ...manifest, ...fields }));
const without = (field: string): Attack =>
  changed((manifest) => Object.fromEntries(Object.entries(manifest).filter(([key]) => key !== field)));

/** A change to the text of the manifest, for what `JSON.stringify` cannot say. */
const inText = (from: string | RegExp, to: string): Attack => ({
  ...sealed([], { manifestTar: (tar) => retext(tar, from, to) }),
  ...foreign([], { manifestTar: (tar) => retext(tar, from, to) }),
});

function retext(tar: Buffer, from: string | RegExp, to: string): Buffer {
  return manifestTar(tar.subarray(512).toString().trimEnd().replace(from, to));
}

const counted = (manifest: PlainManifest, by: number): PlainManifest => ({
  ...manifest,
  sections: manifest.sections.map((section, at) =>
    at === 0 ? { ...section, entry_count: section.entry_count + by } : section,
  ),
});

const NO_FILE = [directory('memory'), directory('projects')];

export const MANIFESTS = {
  'manifest missing': replaced(() => Buffer.alloc(0)),
  'manifest behind another entry': foreign([], {
    manifestTar: (tar) => Buffer.concat([ustarHeader({ path: 'first' }), tar]),
  }),
  'manifest under another name': header({ path: 'manifest.jso' }),
  'manifest in a folder': header({ path: 'memory/manifest.json' }),
  'manifest twice': foreign([], { manifestTar: (tar) => Buffer.concat([tar, tar]) }),
  'manifest again at the end': foreign([file('manifest.json', JSON.stringify({ ...manifestOf(BASE), sections: [] }))]),
  'manifest again with a dot before it': foreign([file('./manifest.json', '{}')]),
  'manifest among the entries': sealed([file('manifest.json', '{}')]),
  'manifest as a folder among the entries': sealed([directory('manifest.json')]),
  'manifest and another entry in one member': sealed([], {
    manifestTar: (tar) => Buffer.concat([tar, ustarHeader({ path: 'evil' })]),
  }),
  'manifest as a symbolic link': header({ type: '2', linkpath: 'memory/facts/a.json' }),
  'manifest as a hard link': header({ type: '1', linkpath: 'memory/facts/a.json' }),
  'manifest as a directory': header({ path: 'manifest.json/', type: '5' }),
  'manifest as a device': header({ type: '3' }),
  'manifest as a symbolic link among the entries': foreign([symlink('manifest.json', 'notes.md')]),
  'manifest as a hard link among the entries': foreign([hardLink('manifest.json', 'notes.md')]),
  'manifest of no bytes': replaced(() => ustarHeader({ path: 'manifest.json' })),
  'manifest of 20 MiB': foreign([], { manifestTar: () => manifestTar(`{"a":"${'a'.repeat(20 * 2 ** 20)}"}`) }),
  'manifest of 7 GiB, with nothing there': foreign([], {
    manifestTar: () => ustarHeader({ path: 'manifest.json', size: 7 * 2 ** 30 }),
  }),
  'manifest longer than its member': sealed([], {
    manifestTar: (tar) => Buffer.concat([ustarHeader({ path: 'manifest.json', size: tar.length }), tar.subarray(512)]),
  }),

  'manifest that is not JSON': json('version = 1'),
  'manifest cut in the middle': json('{"version": 1, "created_at": "2026-'),
  'manifest with something behind it': inText(/$/, '{}'),
  'manifest that is null': json('null'),
  'manifest that is a list': json('[1]'),
  'manifest that is a string': json('"version 1"'),
  'manifest of blanks': json('   '),
  'manifest that is not UTF-8': notUtf8(),
  'manifest 25,000 brackets deep': json(`${'['.repeat(25_000)}${']'.repeat(25_000)}`),
  'manifest with a field 10,000 objects deep': inText(/}$/, `,"x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`),
  'manifest with all its fields under __proto__': inText(/^(.*)$/, '{"__proto__":$1}'),
  'manifest with all its fields under constructor.prototype': inText(/^(.*)$/, '{"constructor":{"prototype":$1}}'),
  'manifest with sections that are a __proto__': set({ sections: JSON.parse('{"__proto__":[],"length":1}') }),

  'version 1e400': inText('"version":1', '"version":1e400'),
  'version 2': set({ version: 2 }),
  'version 0': set({ version: 0 }),
  'version that is a string': set({ version: '1' }),
  'version 1.5': set({ version: 1.5 }),
  'version missing': without('version'),
  'format 2 in the manifest': { sealed: set({ snapshot_format: 2 }).sealed as () => Buffer },
  'created_at missing': without('created_at'),
  'created_at that is no date': set({ created_at: 'yesterday' }),
  'created_at on the 30th of February': set({ created_at: '2026-02-30T00:00:00Z' }),
  'oxios_version missing': without('oxios_version'),
  'oxios_version that is an object': set({ oxios_version: { toString: 1 } }),
  'sections missing': without('sections'),
  'sections that are no list': set({ sections: 7 }),
  'section that is null': set({ sections: [null] }),
  'section with a path for a name': changed((manifest) => ({
    ...manifest,
    sections: [...manifest.sections, { name: '../../etc', entry_count: 1 }],
  })),
  'section twice': changed((manifest) => ({ ...manifest, sections: [...manifest.sections, manifest.sections[0]] })),
  'section with a count of 1e400': inText(/"entry_count":\d+/, '"entry_count":1e400'),
  'section with a negative count': inText(/"entry_count":\d+/, '"entry_count":-1'),
  'section with a count of one and a half': inText(/"entry_count":\d+/, '"entry_count":1.5'),
  'no file at all': changed((manifest) => manifest, NO_FILE),
  'no sections although there are entries of some': set({ sections: [] }),

  'section that counts one more': changed((manifest) => counted(manifest, 1)),
  'section that counts one less': changed((manifest) => counted(manifest, -1)),
  'section that counts 2^52': changed((manifest) => counted(manifest, 2 ** 52)),
  'section left out': changed((manifest) => ({ ...manifest, sections: manifest.sections.slice(1) })),
  'section that does not exist': changed((manifest) => ({
    ...manifest,
    sections: [{ name: 'seeds', entry_count: 3 }, ...manifest.sections],
  })),
  'number of files at odds': { sealed: set({ files: 5 }).sealed as () => Buffer },
  'number of bytes at odds': { sealed: set({ bytes: 5 }).sealed as () => Buffer },
  'manifest at odds with the one of the root': sealed([], {
    manifest: (manifest) => ({ ...manifest, oxios_version: '9.9.9' }),
  }),
  'manifest with a field more than the one of the root': sealed([], {
    manifest: (manifest) => ({ ...manifest, restored_by: 'evil' }),
  }),
  'manifest with the digest of another index': sealed([], {
    manifest: (manifest) => ({ ...manifest, index_sha256: 'ab'.repeat(32) }),
  }),
  'manifest with a digest that is none': sealed([], { manifest: (manifest) => ({ ...manifest, index_sha256: 'x' }) }),
} satisfies Record<string, Attack>;

function notUtf8(): Attack {
  return replaced((tar) => {
    const bytes = Buffer.from(tar);
    bytes[bytes.indexOf('0.3.0')] = 0xff;
    return bytes;
  });
}
