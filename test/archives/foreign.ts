/** Plain `.tar.gz` archives, as other tools make them. */
import { type Entry, tarBytes } from './entry.ts';
import { plainMember } from './gzip-member.ts';
import { manifestOf, manifestTar, type PlainManifest } from './manifest.ts';
import { END_OF_TAR } from './tar-bytes.ts';

export interface ForeignLayers {
  manifest?: (manifest: PlainManifest) => unknown;
  /** Tar bytes of `manifest.json` instead; an empty buffer leaves it out. */
  manifestTar?: (tar: Buffer) => Buffer;
  /** The end of the tar instead of two zero blocks. */
  end?: Buffer;
  /** Turns the tar into the file. */
  gzip?: (tar: Buffer) => Buffer;
}

/** The format says of these: no `M` member, no seal; `manifest.json` first. */
export function buildForeign(entries: Entry[], layers: ForeignLayers = {}): Buffer {
  const manifest = manifestOf(entries);
  const { version, created_at, oxios_version, sections } = manifest;
  const plain = { version, created_at, oxios_version, sections };
  const head = manifestTar(JSON.stringify(layers.manifest?.(plain) ?? plain));
  const tar = Buffer.concat([
    layers.manifestTar?.(head) ?? head,
    ...entries.flatMap((entry) => Object.values(tarBytes(entry))),
    layers.end ?? END_OF_TAR,
  ]);
  return layers.gzip?.(tar) ?? plainMember(tar);
}
