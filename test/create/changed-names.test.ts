/** Names that are plain here, and that some readers of tar change: they are captured, restored as they are, and named in a notice. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { MISSING, Readers } from '../fuzz/readers.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const LONG = 'n'.repeat(110);

interface Made {
  snapshot: string;
  messages: string[];
}

async function create(fill: (stateDir: string) => void): Promise<Made> {
  const stateDir = room.fresh('state');
  mkdirSync(stateDir);
  writeFileSync(join(stateDir, 'plain.md'), 'plain');
  fill(stateDir);
  const snapshot = `${room.fresh('snapshot')}.tar.gz`;
  const messages: string[] = [];
  await createBackup(new StateStore(stateDir), snapshot, {
    threads: 1,
    onEvent: (event) => event.type === 'notice' && messages.push(event.message),
  });
  expect((await verifySnapshot({ snapshot, threads: 1 })).problems).toEqual([]);
  const target = room.fresh('restored');
  await restoreBackup(new StateStore(target), snapshot, { threads: 1 });
  expect(readdirSync(target).sort()).toEqual(readdirSync(stateDir).sort());
  return { snapshot, messages };
}

const file = (name: string) => (stateDir: string) => writeFileSync(join(stateDir, name), name);
const link = (target: string) => (stateDir: string) => symlinkSync(target, join(stateDir, 'link'));

const CHANGED: [string, (stateDir: string) => void, RegExp][] = [
  ['a letter and a colon', file('a:b.json'), /^"a:b\.json": bsdtar and node-tar/],
  ['a backslash at the top', file('\\notes'), /^"\\notes": bsdtar and node-tar/],
  ['.. and a backslash', file('..\\notes'), /^"\.\.\\notes": bsdtar and node-tar/],
  ['a target with a letter and a colon', link('c:drive'), /^"link": bsdtar and node-tar/],
  ['a long name with a line break', file(`${LONG}\n14 path=b.bin`), /^"n+\\n14 path=b\.bin": node-tar/],
  ['a long target with a line break', link(`${LONG}\nx`), /^"link": node-tar/],
];

test.each(CHANGED)('%s: named in a notice, captured and restored', async (_, fill, message) => {
  const { messages, snapshot } = await create(fill);
  expect(messages).toEqual([expect.stringMatching(message)]);
  if (MISSING.length > 0) return;
  const readers = new Readers(room.fresh('readers'));
  const found = await readers.compare(readFileSync(snapshot));
  readers.close();
  // Were they to agree, the notice would be untrue.
  expect(Object.keys(found ?? {})).not.toEqual([]);
  for (const name of Object.keys(found ?? {})) expect(['bsdtar', 'node-tar']).toContain(name);
});

test('others have no notice, and all readers agree on them', async () => {
  const { messages, snapshot } = await create((stateDir) => {
    for (const name of ['ab:c', 'a\\b', 'short\nname', '1:x', `long:${LONG}`]) file(name)(stateDir);
    mkdirSync(join(stateDir, 'sub'));
    file('sub/c:x')(stateDir);
    file('sub/\\x')(stateDir);
    linkSync(join(stateDir, 'sub/c:x'), join(stateDir, 'zz'));
    link('sub/c:x')(stateDir);
  });
  expect(messages).toEqual([]);
  if (MISSING.length > 0) return;
  const readers = new Readers(room.fresh('readers'));
  expect(await readers.compare(readFileSync(snapshot))).toEqual({});
  readers.close();
});
