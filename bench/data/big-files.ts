import { spawn } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { drawTime, writeLogLine } from './documents.ts';
import { Prose } from './prose.ts';
import { Random } from './random.ts';

const MIB = 1024 * 1024;
const DATABASE_SCRIPT = fileURLToPath(new URL('./database.py', import.meta.url));
const DIMENSIONS = 768;
/** Of this much different log a larger one repeats itself: far more than what any compressor here looks back. */
const DIFFERENT_LOG_BYTES = 300_000_000;

/** A WAL-mode SQLite database of about `bytes`: texts, and for each an embedding of 768 floats, normalised. Needs python3. */
export async function writeDatabase(file: string, bytes: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const prose = new Prose(random);
  // A row of text and vector fills one page of 4096 bytes; their texts some more.
  const rows = Math.max(1, Math.floor(bytes / (4096 + 330)));
  function* encodeRows() {
    for (let row = 0; row < rows; row++) {
      const text = Buffer.from(prose.text(120 + random.below(360)));
      const head = Buffer.alloc(4);
      head.writeUInt32LE(text.length);
      yield Buffer.concat([head, text, drawEmbedding(random)]);
    }
  }
  await mkdir(path.dirname(file), { recursive: true });
  const python = spawn('python3', [DATABASE_SCRIPT, file, String(DIMENSIONS)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const [[status]] = await Promise.all([once(python, 'exit'), pipeline(Readable.from(encodeRows()), python.stdin)]);
  if (status !== 0) throw new Error(`python3 could not make ${file} (status ${status})`);
}

/** An append-only log of JSON lines, cut behind a whole one at about `bytes`. */
export async function writeLog(file: string, bytes: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const prose = new Prose(random);
  await mkdir(path.dirname(file), { recursive: true });
  const output = createWriteStream(file);
  const kept: Buffer[] = [];
  let time = drawTime(random);
  let written = 0;
  for (let index = 0; written < bytes; index++) {
    let chunk = kept[index % Math.max(1, Math.ceil(DIFFERENT_LOG_BYTES / MIB))];
    if (chunk === undefined) {
      let lines = '';
      while (lines.length < Math.min(MIB, bytes - written)) {
        lines += writeLogLine(random, prose, time);
        time += random.uniform();
      }
      chunk = Buffer.from(lines);
      kept.push(chunk);
    }
    written += chunk.length;
    if (!output.write(chunk)) await once(output, 'drain');
  }
  output.end();
  await once(output, 'close');
}

/** `count` files that no compressor makes smaller, named and begun like PNG images, `bytes` together. */
export async function writeImages(folder: string, bytes: number, count: number, seed: number): Promise<void> {
  const random = new Random(seed);
  await mkdir(folder, { recursive: true });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  for (let index = 0; index < count; index++) {
    const key = Buffer.from(random.uuid().replaceAll('-', ''), 'hex');
    const noise = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(Math.floor(bytes / count)));
    await writeFile(path.join(folder, `${random.uuid()}.png`), Buffer.concat([signature, noise]));
  }
}

function drawEmbedding(random: Random): Buffer {
  const values = Float32Array.from({ length: DIMENSIONS }, () => random.normal());
  const length = Math.hypot(...values);
  return Buffer.from(values.map((value) => value / length).buffer);
}
