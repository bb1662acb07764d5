/** What the malicious archives are built from. */
import { constants, deflateRawSync } from 'node:zlib';
import { directory, type Entry, file, inOrder } from '../archives/entry.ts';
import { buildForeign, type ForeignLayers } from '../archives/foreign.ts';
import { buildSnapshot, type Layers } from '../archives/snapshot.ts';

/** One attack, in the forms in which it makes sense. */
export interface Attack {
  sealed?: () => Buffer;
  foreign?: () => Buffer;
}

/** The valid part of each archive. */
export const BASE: Entry[] = [
  directory('memory'),
  directory('memory/facts'),
  file('memory/facts/a.json', '{"content":"a"}'),
  file('memory/facts/b.md', '# b\n'),
  file('notes.md', 'in no category\n'),
  directory('sessions'),
  file('sessions/s.json', '{"id":"s"}'),
];

/** With these entries besides the valid ones: in order, indexed, each with its parents; or behind them in a plain archive. */
export function carrying(extra: Entry[]): Required<Attack> {
  return {
    sealed: () => buildSnapshot(inOrder(withParents([...BASE, ...extra]))),
    foreign: () => buildForeign([...BASE, ...extra]),
  };
}

function withParents(entries: Entry[]): Entry[] {
  const known = new Set(entries.map((entry) => entry.path));
  const parents = entries.flatMap(({ path }) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index)));
  const missing = [...new Set(parents)].filter((path) => path !== '' && !known.has(path));
  return [...missing.map((path) => directory(path)), ...entries];
}

export const sealed = (extra: Entry[], layers: Layers = {}): Attack => ({
  sealed: () => buildSnapshot(inOrder([...BASE, ...extra]), layers),
});

export const foreign = (extra: Entry[], layers: ForeignLayers = {}): Attack => ({
  foreign: () => buildForeign([...BASE, ...extra], layers),
});

/** Raw deflate data of about a kilobyte a mebibyte that inflates to so many mebibytes of one byte. */
export function deflateBomb(mebibytes: number, fill: string): Buffer {
  const mebibyte = deflateRawSync(Buffer.alloc(2 ** 20, fill), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([...Array<Buffer>(mebibytes).fill(mebibyte), Buffer.from([0x03, 0x00])]);
}
