/**
 * Writes the index of a snapshot that nobody has, and reads it as `list` and the validation of a restore do. Run in a process of its own, so
 * that its memory can be measured: `tsx block-table-scale.ts DIRECTORY large|small COUNT` says what it held, in JSON.
 */
import { hash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { IndexBuilder } from '../../src/create/index-builder.ts';
import { IndexSpool } from '../../src/create/index-spool.ts';
import { IndexWriter } from '../../src/create/index-writer.ts';
import { encodeIndexPieces, PIECE } from '../../src/format/gzip-member.ts';
import { type BlockEntry, blockEntries, encodeBlock } from '../../src/format/index-block.ts';
import { encodeRoot, parseRoot } from '../../src/format/index-root.ts';
import { headerBlocks } from '../../src/format/tar-header.ts';
import { BlockTable } from '../../src/read/block-table.ts';
import { readBlock, readIndex } from '../../src/read/index-reader.ts';
import { openReader } from '../../src/storage/open-reader.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { SnapshotValidator } from '../../src/validate/snapshot-validator.ts';
import { validateBlock } from '../../src/validate/validate-block.ts';

const MIB = 2 ** 20;
const START = 1058;
const [folder, kind, text] = process.argv.slice(2) as [string, 'large' | 'small', string];
const count = Number(text);
const digest = (n: number) => hash('sha256', String(n));

function entryAt(i: number): BlockEntry {
  const path = `f${String(i).padStart(9, '0')}.json`;
  const common = { path, mode: 0o644, uid: 1000, gid: 1000, mtime: 1_770_000_000 + i, mtimeNs: i };
  const entry: BlockEntry = { ...common, type: 'file', size: kind === 'large' ? 8 * MIB : 1500, headerBlocks: 1 };
  entry.headerBlocks = headerBlocks(entry);
  entry.sha256 = digest(i);
  return entry;
}

const spool = new IndexSpool(folder);
const writer = new IndexWriter(spool);
const builder = new IndexBuilder(START, () => {});
const validated = new SnapshotValidator();
function store(closed: ReturnType<IndexBuilder['close']>): void {
  if (closed === null) return;
  validated.add(validateBlock(blockEntries(closed.block), 'linux', new Set()));
  writer.add(closed, encodeBlock(closed.block, NODE_CODEC));
}

if (kind === 'large') {
  for (let i = 0; i < count; i++) {
    const entry = entryAt(i);
    for (let piece = 0; piece < 8; piece++) {
      const raw = MIB + (piece === 0 ? 512 : 0);
      builder.addMember({ stored: 300_000 + piece, raw, sha256: digest(piece), pieceSha256: digest(piece + 1) });
    }
    builder.addEntry(entry);
    store(builder.close());
  }
} else {
  const perMember = 256;
  for (let i = 0; i < count; i += perMember) {
    const entries = Array.from({ length: Math.min(perMember, count - i) }, (_, at) => entryAt(i + at));
    builder.addMember({ stored: 100_000, raw: entries.length * 2048, sha256: digest(i), pieceSha256: '' });
    for (const entry of entries) builder.addEntry(entry);
    store(builder.endUnit());
  }
  store(builder.close());
}
writer.finish();

const { totals } = builder;
const header = encodeRoot(
  {
    format: 1,
    compression: { library: 'none', version: '0', levels: {} },
    manifest: {
      version: 1,
      created_at: '2026-03-03T02:00:00Z',
      oxios_version: 'unknown',
      sections: [],
      snapshot_format: 1,
      files: totals.files,
      bytes: totals.bytes,
    },
    directory: { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtime_ns: 0 },
    totals,
    statuses: [],
    pages: writer.pages,
  },
  NODE_CODEC,
);
const length = spool.length + header.length;
spool.append(header);
const fd = fs.openSync(join(folder, 'framed'), 'wx+');
for (const chunk of spool.chunks(PIECE * 128)) for (const member of encodeIndexPieces(chunk)) fs.writeSync(fd, member);
spool.close();

const reader = await openReader(join(folder, 'framed'));
const index = { reader, offset: 0, length };
const root = parseRoot(await readIndex(index, length - header.length, header.length), NODE_CODEC);
const table = new BlockTable(index, root.pages, START);
const validator = new SnapshotValidator();
for await (const location of table)
  validator.add(validateBlock(blockEntries(await readBlock(index, location)), 'linux', new Set()));
validator.validateTotals(root.totals);
const last = entryAt(count - 1).path;
const found = blockEntries(await readBlock(index, (await table.blockOf(last)) as never)).some(
  ({ path }) => path === last,
);
await reader.close();
fs.closeSync(fd);
console.log(
  JSON.stringify({
    problems: [...validated.problems, ...validator.problems],
    entries: validator.counts.entries,
    blocks: table.length,
    pages: root.pages.length,
    headerBytes: header.length,
    indexBytes: length,
    found,
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
