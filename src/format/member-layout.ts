import { BLOCK, padded } from './entry.ts';
import { CHUNK } from './member-plan.ts';
import { invalidIndex } from './packed-columns.ts';

/** What of a block says where its entries are. */
interface Extents {
  /** A letter an entry. */
  type: string;
  /** Files: length of the content. */
  size: readonly number[];
  /** Entries: number of header blocks. */
  header: readonly number[];
  /** Members: length of the tar bytes. */
  raw: readonly number[];
}

/** Which of a member's tar bytes are content of a large file. */
export interface Piece {
  from: number;
  to: number;
}

/** A piece, and the number of the entry in its block that it is one of. */
export interface LaidOutPiece extends Piece {
  entry: number;
}

/**
 * Goes through the members of a block with the entries that they hold, by the index alone.
 *
 * A member holds whole entries, or a piece of a large file: its header blocks and the first MiB of its content, the next MiB, or what is
 * left and the padding.
 *
 * @returns for each member the piece that it is, or null for one of whole entries
 * @throws BackupError `INDEX_INVALID` when entries and members do not fit together
 */
export function layOutMembers({ type, size, header, raw }: Extents): (LaidOutPiece | null)[] {
  let next = 0;
  let file = 0;
  /** Content of the current large file that is yet to come, and its padding. */
  let open: { content: number; padding: number } | null = null;
  const pieces = raw.map((length) => {
    if (open !== null) {
      const content = Math.min(CHUNK, open.content);
      open.content -= content;
      if (length !== content + (open.content === 0 ? open.padding : 0)) throw invalidIndex(MISFIT);
      if (open.content === 0) open = null;
      return { entry: next - 1, from: 0, to: content };
    }
    for (let left = length; left > 0; next++) {
      if (next === type.length) throw invalidIndex(MISFIT);
      const isFile = type.charCodeAt(next) === FILE;
      const content = isFile ? (size[file++] as number) : 0;
      const headerLength = (header[next] as number) * BLOCK;
      const tarLength = headerLength + padded(content);
      if (tarLength <= left) {
        left -= tarLength;
        continue;
      }
      if (left !== length || content <= CHUNK || length !== headerLength + CHUNK) throw invalidIndex(MISFIT);
      next++;
      open = { content: content - CHUNK, padding: padded(content) - content };
      return { entry: next - 1, from: headerLength, to: length };
    }
    return null;
  });
  if (open !== null || next !== type.length) throw invalidIndex(MISFIT);
  return pieces;
}

const FILE = 'f'.charCodeAt(0);
const MISFIT = 'has entries that do not fit into its members';
