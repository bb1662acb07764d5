// A busy Oxios, its files: node files.mjs STATE_DIR, until standard input closes. Says "ready" once it writes.
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

const SAVES_A_SECOND = 20;
const LOG_LINES_A_SECOND = 200;

const stateDir = process.argv[2];
const sessions = path.join(stateDir, 'sessions');
const events = path.join(stateDir, 'events');
for (const folder of [sessions, events]) mkdirSync(folder, { recursive: true });
const log = openSync(path.join(events, 'busy.jsonl'), 'w');
let saved = 0;

/** As `StateStore` saves: temporary file, fsync, rename, fsync of the folder. */
function save() {
  const file = path.join(sessions, `busy-${saved++ % 100}.json`);
  const temporary = `${file}.${process.pid}.${randomUUID()}.tmp`;
  const state = {
    id: randomUUID(),
    saved,
    messages: Array.from({ length: 12 }, () => ({ id: randomUUID(), text: 'x'.repeat(120) })),
  };
  const descriptor = openSync(temporary, 'w');
  writeSync(descriptor, JSON.stringify(state, null, 2));
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(temporary, file);
  const folder = openSync(sessions, 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function append() {
  writeSync(
    log,
    `${JSON.stringify({ ts: new Date().toISOString(), span: randomUUID(), message: 'something happened' })}\n`,
  );
}

for (let index = 0; index < 100; index++) save();
setInterval(save, 1000 / SAVES_A_SECOND);
setInterval(append, 1000 / LOG_LINES_A_SECOND);
process.stdin.resume().on('end', () => process.exit(0));
process.stdout.write('ready\n');
