/** src/format runs where there is no Node: in a context that has only what the language and a browser give. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { build } from 'esbuild';
import { createBackup, StateStore } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import type { Codec } from '../../src/format/codec.ts';
import { parseSeal, SEAL_LENGTH } from '../../src/format/seal.ts';
import { TempDir } from '../workroom.ts';
import type { FoundFile } from './without-node/read-file.ts';

const room = new TempDir();
const stateDir = room.path('state');
const LONG = `seeds/${'long name '.repeat(30)}.json`;
const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * i) >> 7));
let snapshot: Uint8Array;
let program: string;

beforeAll(async () => {
  mkdirSync(join(stateDir, 'seeds'), { recursive: true });
  writeFileSync(join(stateDir, LONG.slice(0, 200)), 'content');
  writeFileSync(join(stateDir, 'large.bin'), large);
  writeFileSync(join(stateDir, 'seeds/a.json'), '{"a":"\u00e4"}');
  symlinkSync('seeds/a.json', join(stateDir, 'z'));
  const output = room.path('snapshot.tar.gz');
  await createBackup(new StateStore(stateDir), output);
  snapshot = new Uint8Array(readFileSync(output));
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('without-node/read-file.ts', import.meta.url))],
    ...{ bundle: true, write: false, platform: 'browser', format: 'iife', globalName: 'format' },
  });
  program = outputFiles?.[0]?.text ?? '';
});

/** Plain functions: what an engine of a browser would bring along. */
const CODEC: Codec = {
  inflate(deflated, most) {
    const { buffer, engine } = inflateRawSync(deflated, { info: true, maxOutputLength: most || 1 }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === deflated.length ? new Uint8Array(buffer) : null;
  },
  deflate: (bytes, level) => new Uint8Array(deflateRawSync(bytes, { level })),
  crc32,
  toHex: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  fromHex: (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
};

interface Program {
  readFile(snapshot: Uint8Array, wanted: string, codec: Codec): FoundFile;
}

function load(): Program {
  const context = createContext({ TextDecoder, TextEncoder });
  expect(runInContext('[typeof Buffer, typeof process, typeof require].join()', context)).toBe(
    'undefined,undefined,undefined',
  );
  return runInContext(`${program}; format`, context) as Program;
}

test('the program holds no word of Node', () => {
  expect(program.length).toBeGreaterThan(10_000);
  expect(program.match(/.*(?:\bBuffer\b|\bprocess\b|\brequire\(|node:).*/g)).toBeNull();
});

test.each([
  ['large.bin', large],
  ['seeds/a.json', Buffer.from('{"a":"\u00e4"}')],
  [LONG.slice(0, 200), Buffer.from('content')],
])('it reads the snapshot, and %s in it', (path, content) => {
  const found = load().readFile(snapshot, path, CODEC);
  expect([...found.paths]).toEqual(['large.bin', 'seeds', 'seeds/a.json', LONG.slice(0, 200), 'z']);
  expect([found.statuses, found.files]).toEqual([0, 3]);
  expect(Buffer.compare(found.content, content)).toBe(0);
  expect(createHash('sha256').update(found.content).digest('hex')).toBe(found.sha256);
});

test('it refuses a snapshot with a byte changed in the header of the index', () => {
  const damaged = snapshot.slice();
  const seal = parseSeal(damaged.subarray(-SEAL_LENGTH));
  // The header ends the last piece of the index, before the deflate data of nothing and the trailer of its member.
  const at = damaged.length - SEAL_LENGTH - 10 - Number(seal?.rootLength);
  // Deflate has no blocks of type 3. A bit further on might make other JSON, which only a digest tells.
  damaged[at] = (damaged[at] as number) | 6;
  expect(() => load().readFile(damaged, 'z', CODEC)).toThrow(expect.objectContaining({ code: 'INDEX_INVALID' }));
});
