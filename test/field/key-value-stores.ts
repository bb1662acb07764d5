import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { FieldTree } from './field-tree.ts';
import type { Random } from './random.ts';

const BLOCK = 32 * 1024;

/** Records in blocks, each with a checksum, a length and a type: https://github.com/google/leveldb/blob/main/doc/log_format.md */
function recordBlocks(random: Random, records: number): Buffer {
  const parts: Buffer[] = [];
  let used = 0;
  for (let i = 0; i < records; i++) {
    const room = BLOCK - (used % BLOCK) - 7;
    const data = random.bytes(Math.min(Math.max(room, 0), random.below(2000)));
    const header = Buffer.alloc(7);
    header.writeUInt32LE(random.below(2 ** 32), 0);
    header.writeUInt16LE(data.length, 4);
    header[6] = 1;
    parts.push(header, data);
    used += 7 + data.length;
  }
  return Buffer.concat(parts);
}

function plantLevelDb(tree: FieldTree, folder: string): void {
  const { random } = tree;
  tree.file(`${folder}/CURRENT`, 'MANIFEST-000002\n');
  tree.file(`${folder}/MANIFEST-000002`, recordBlocks(random, 3));
  tree.file(`${folder}/000003.log`, recordBlocks(random, 1 + random.below(60)));
  tree.file(`${folder}/000005.ldb`, random.bytes(4000));
  tree.file(`${folder}/LOCK`);
  tree.file(`${folder}/LOG`, random.lines(4).join('\n'));
  tree.file(`${folder}/LOG.old`, `${random.lines(4).join('\n')}\n`);
}

function plantRocksDb(tree: FieldTree, folder: string): void {
  const { random } = tree;
  tree.file(`${folder}/CURRENT`, 'MANIFEST-000004\n');
  tree.file(`${folder}/MANIFEST-000004`, recordBlocks(random, 2));
  tree.file(`${folder}/IDENTITY`, 'a4d3c2b1-0000-4000-8000-0123456789ab');
  tree.file(`${folder}/OPTIONS-000007`, `${random.lines(9).join('\n')}\n`);
  tree.file(`${folder}/000009.sst`, random.bytes(9000));
  tree.file(`${folder}/000010.log`, random.chance(0.5) ? Buffer.alloc(0) : recordBlocks(random, 20));
  tree.file(`${folder}/LOCK`);
}

/** The two meta pages, some data far behind, and nothing between. */
function plantLmdb(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const fd = openSync(tree.absolute(tree.file(`${folder}/data.mdb`, random.bytes(8192))), 'r+');
  ftruncateSync(fd, 4096 * (1 + random.below(4000)));
  writeSync(fd, random.bytes(4096), 0, 4096, 4096 * random.below(2000));
  closeSync(fd);
  tree.file(`${folder}/lock.mdb`, Buffer.alloc(8192));
}

function plantOthers(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const files: Record<string, () => string | Uint8Array> = {
    'facts.duckdb': () => Buffer.concat([Buffer.alloc(8), Buffer.from('DUCK'), random.bytes(12_276)]),
    'facts.duckdb.wal': () => random.bytes(700),
    'vectors.usearch': () => Buffer.concat([Buffer.from('usearch'), random.bytes(5000)]),
    'dump.rdb': () => Buffer.concat([Buffer.from('REDIS0011'), random.bytes(300)]),
    'appendonly.aof': () => '*2\r\n$6\r\nSELECT\r\n$1\r\n0',
    segments_3: () => random.bytes(200),
    'write.lock': () => '',
    'bolt.db': () => random.bytes(4096 * 4),
    'bolt.db.lock': () => '',
    'yarn.lock': () => `${random.lines(5).join('\n')}\n`,
    'Cargo.lock': () => random.lines(5).join('\n'),
    '.dream.lock': () => '4711',
  };
  for (const name of random.some(Object.keys(files), 0.6)) tree.file(`${folder}/${name}`, files[name]?.());
}

export function plantStore(tree: FieldTree, folder: string): void {
  const [name, plant] = tree.random.pick([
    ['leveldb', plantLevelDb],
    ['rocksdb', plantRocksDb],
    ['lmdb', plantLmdb],
    ['others', plantOthers],
  ] as const);
  plant(tree, `${folder}/${name}`);
  tree.story.push(`${name} in ${folder}`);
}
