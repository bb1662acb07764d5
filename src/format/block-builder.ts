import type { EntryType } from './entry.ts';
import type { BlockEntry, IndexBlock, WrittenMember } from './index-block.ts';

const LETTER_OF: Record<EntryType, string> = { file: 'f', directory: 'd', symlink: 'l', hardlink: 'h' };

/** Collects entries and members into a block; the inverse of `blockEntries`. It fills the columns directly, so that no object is kept for each entry. */
export class BlockBuilder {
  readonly #path: string[] = [];
  #type = '';
  readonly #mode: number[] = [];
  readonly #uid: number[] = [];
  readonly #gid: number[] = [];
  readonly #mtime: number[] = [];
  readonly #mtimeNs: number[] = [];
  readonly #header: number[] = [];
  readonly #size: number[] = [];
  readonly #link: string[] = [];
  #sha256 = '';
  #members: WrittenMember[] = [];

  /** Number of entries. */
  get entries(): number {
    return this.#path.length;
  }

  /** Path of the first entry, if there is one. */
  get first(): string | undefined {
    return this.#path[0];
  }

  get members(): readonly WrittenMember[] {
    return this.#members;
  }

  addEntry({ path, type, mode, uid, gid, mtime, mtimeNs, headerBlocks, size, link, sha256 }: BlockEntry): void {
    this.#path.push(path);
    this.#type += LETTER_OF[type];
    this.#mode.push(mode);
    this.#uid.push(uid);
    this.#gid.push(gid);
    this.#mtime.push(mtime);
    this.#mtimeNs.push(mtimeNs);
    this.#header.push(headerBlocks);
    if (type === 'file') this.#size.push(size);
    if (sha256 !== undefined) this.#sha256 += sha256;
    if (link !== undefined) this.#link.push(link);
  }

  addMember(member: WrittenMember): void {
    this.#members.push(member);
  }

  /** Forgets the members after the first `count`. @returns them */
  dropMembers(count: number): WrittenMember[] {
    return this.#members.splice(count);
  }

  /** The block. What is added later would be in its columns. */
  build(): IndexBlock {
    const members = this.#members;
    return {
      path: this.#path,
      type: this.#type,
      mode: this.#mode,
      uid: this.#uid,
      gid: this.#gid,
      mtime: this.#mtime,
      mtime_ns: this.#mtimeNs,
      header: this.#header,
      size: this.#size,
      link: this.#link,
      stored: members.map((member) => member.stored),
      raw: members.map((member) => member.raw),
      sha256: this.#sha256,
      storedSha256: members.map((member) => member.sha256).join(''),
      pieceSha256: members.map((member) => member.pieceSha256).join(''),
    };
  }
}
